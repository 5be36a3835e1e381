"""Tables in which one label is rare: what is measured is about it, and too few of its rows are said."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from app.bundle import reader as contract
from training.cli.inspect import app as inspect
from training.data.prepare import prepare
from training.errors import DataError
from training.evaluation import trust
from training.options import Options
from training.pipeline import train

RARE = Path(__file__).parents[1] / "data" / "faults" / "11-rare-class"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("file", "rows"), [("imbalanced", "1 row"), ("five-of-3000", "2 rows")])
def test_metrics_are_about_the_rare_label_and_its_rows_are_warned_of(file: str, rows: str, stream: bool) -> None:
    data = trust.warned(prepare(Options.of(data=RARE / f"{file}.csv", target="y", stream=stream)))
    assert data.task.answer()["labels"] == ("ok", "fraud")
    assert data.task.main_metric == "pr_auc"
    assert data.warnings == (f"The test split has {rows} of `fraud`: what the metrics say of them is chance",)


def test_the_rows_of_a_rare_label_stand_beside_every_metric_about_it(tmp_path: Path) -> None:
    said = io.StringIO()
    options = Options.of(data=RARE / "imbalanced.csv", target="y", models=tmp_path, epochs=1, hidden=(4,), bins=4)
    found = contract.read(train(options, Console(file=said, width=300)))
    card = (found.folder / contract.CARD).read_text()
    remark = "1 row of `fraud`: too few to trust"
    lines = {line.split(" | ")[0].strip("| "): line for line in card.splitlines() if line.endswith(f"{remark} |")}
    assert set(lines) == {"balanced_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"}
    assert "are about `fraud`, the rarer label" in card
    assert "its pr_auc is" in card
    assert f"({remark})" in card.splitlines()[3]
    assert "* The test split has 1 row of `fraud`" in card
    assert remark in said.getvalue()
    assert found.manifest.training["intervals"]["too_few"]["f1"] == remark
    assert found.manifest.labels == ("ok", "fraud")
    assert (found.folder / "report.html").read_text().count("too few to trust") > 6


def written(tmp_path: Path, label: str, rare: int, rows: int = 600) -> Path:
    random = np.random.default_rng(0)
    is_rare = random.permutation(np.arange(rows) < rare)
    frame = pd.DataFrame({"x": random.normal(size=rows) + is_rare, "y": np.where(is_rare, label, "mm")})
    frame.to_csv(tmp_path / "d.csv", index=False)
    return tmp_path / "d.csv"


@pytest.mark.parametrize("label", ["aa", "zz"])
def test_the_rarer_label_is_meant_wherever_it_stands_in_order(tmp_path: Path, label: str) -> None:
    path = written(tmp_path, label, 60)
    assert prepare(Options.of(data=path, target="y")).task.answer()["labels"] == ("mm", label)
    assert prepare(Options.of(data=path, target="y", positive="mm")).task.answer()["labels"] == (label, "mm")


def test_inspect_says_it_before_anything_is_fitted(tmp_path: Path) -> None:
    path = str(written(tmp_path, "aa", 20))
    assert "The test split has 4 rows of `aa`" in CliRunner().invoke(inspect, [path, "--target", "y"]).output
    refused = CliRunner().invoke(inspect, [path, "--target", "y", "--positive", "no"])
    assert refused.exit_code == 2


def test_a_label_with_one_row_is_refused() -> None:
    with pytest.raises(DataError, match=r"at least 3 different rows of each class.*\(1\)"):
        prepare(Options.of(data=RARE / "one-row.csv", target="y"))
