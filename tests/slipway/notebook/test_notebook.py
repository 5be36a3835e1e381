"""The example, as people run it: a kernel of Jupyter, which shows what a browser would be sent."""

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat.v4
import pytest
from nbclient import NotebookClient

from tests.support.serving import PATIENCE_S, ROOT

NOTEBOOK = Path("examples") / "notebooks" / "titanic.ipynb"
DATA = Path("examples") / "titanic.csv"
SOURCE = (ROOT / NOTEBOOK).read_text()


class Watching(NotebookClient):
    """Keeps what outputs were replaced by."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self.shown: list[str] = []

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] == "update_display_data":
            self.shown.append(msg["content"]["data"]["text/plain"])
        return super().process_message(msg, cell, cell_index)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Watching:
    """The notebook after its run, in a copy of its folder."""
    root = tmp_path_factory.mktemp("root")
    (root / NOTEBOOK).parent.mkdir(parents=True)
    shutil.copy(ROOT / DATA, root / DATA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        for place in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(place, str(root / "jupyter"))
        at = {"metadata": {"path": str((root / NOTEBOOK).parent)}}
        client = Watching(nbformat.v4.reads(SOURCE), timeout=PATIENCE_S, resources=at)
        client.execute()
    return client


def outputs(client: Watching, start: str) -> list[Any]:
    """The outputs of the cell that begins so, without what stands empty."""
    (cell,) = [cell for cell in client.nb.cells if cell.cell_type == "code" and cell.source.startswith(start)]
    return [output for output in cell.outputs if output.get("data", {}).get("text/plain") != ""]


def test_the_bar_moves_and_is_gone_in_the_end(ran: Watching) -> None:
    """Without ipywidgets, whose absence rich would only warn of."""
    bars = [shown for shown in ran.shown if shown.startswith("Train (Ctrl-C keeps")]
    assert any(" 1/15 " in bar and "validation loss" in bar for bar in bars)
    assert "Load TensorFlow …" in ran.shown
    assert not ran.shown[-1]
    trained = outputs(ran, "bundle = train(")
    assert {output.output_type for output in trained} == {"display_data", "execute_result"}, "no warning, no stream"
    said = " ".join(output.data["text/plain"] for output in trained)
    assert "rows; 0 without target" in said
    assert "Wrote" in said


def test_a_bundle_and_its_card_are_shown(ran: Watching) -> None:
    bundle = outputs(ran, "bundle = train(")[-1].data
    assert bundle["text/plain"] == "Bundle('models/titanic/1')"
    assert "roc_auc" in bundle["text/html"]
    (card,) = outputs(ran, "bundle.card")
    assert "<h2>How good it is</h2>" in card.data["text/html"]
    assert card.data["text/html"].count('src="data:image/png;base64,') >= 3


def test_a_frame_is_answered_by_its_kind(ran: Watching) -> None:
    (answers,) = outputs(ran, "answers = load(")
    lines = answers.data["text/plain"].splitlines()
    assert lines[0].split() == ["label", "probability[0]", "probability[1]"]
    assert [line.split()[0] for line in lines[1:]] == ["1304", "1305", "1306", "1307", "1308"]
    (refused,) = outputs(ran, "try:")
    assert refused.text.startswith("`frame`, row 1: `age`: expected a number")


def test_the_notebook_is_kept_without_outputs() -> None:
    """They would change with every run, and their pictures weigh more than all else."""
    cells = [cell for cell in json.loads(SOURCE)["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)
