"""The session: what it answers, from how many threads, and how it is rehearsed."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.bundle.manifest import Tensor
from app.errors import BundleError
from app.runtime.engine import Engine
from tests.app import graphs
from tests.support import tiny
from tests.support.serving import PATIENCE_S

TINY = tiny.Tiny()
INPUTS = (
    Tensor(name="numeric", dtype="float32", shape=(None, 3)),
    Tensor(name="categorical", dtype="string", shape=(None, 1)),
)
OUTPUTS = (Tensor(name="probabilities", dtype="float32", shape=(None, 2)),)


@pytest.fixture(scope="module")
def graph(models: Path) -> Path:
    return models / "tiny" / "1" / "model.onnx"


@pytest.mark.parametrize("rows", [1, 2, 7, 64, 300])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_answers_as_a_plain_session(rows: int, threads: int, graph: Path) -> None:
    """The session's options change no answer, at any batch size."""
    inputs = tiny.tensors(TINY, [tiny.instance(TINY, row) for row in range(rows)])
    (found,) = Engine(graph, threads).run(inputs)
    assert found.shape == (rows, 2)
    np.testing.assert_allclose(found, tiny.run(graph, inputs), rtol=1e-6)


def test_runs_from_many_threads(graph: Path) -> None:
    """One session may be run from several threads at once."""
    engine = Engine(graph, 1)
    start = threading.Barrier(4)

    def ask(row: int) -> bool:
        inputs = tiny.tensors(TINY, [tiny.instance(TINY, row)])
        start.wait(PATIENCE_S)
        return all(np.allclose(engine.run(inputs)[0], tiny.run(graph, inputs)) for _ in range(20))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(4)))


def test_the_tensors_are_compared(graph: Path) -> None:
    """The manifest's tensors pass; another name, type, width or order does not."""
    engine = Engine(graph, 1)
    engine.check(INPUTS, OUTPUTS)
    wrong = [
        (INPUTS[::-1], OUTPUTS),
        (INPUTS[:1], OUTPUTS),
        ((INPUTS[0], Tensor(name="categorical", dtype="float32", shape=(None, 1))), OUTPUTS),
        (INPUTS, (Tensor(name="probabilities", dtype="float32", shape=(None, 3)),)),
        (INPUTS, ()),
    ]
    for inputs, outputs in wrong:
        with pytest.raises(BundleError, match=r"model\.onnx: expected the (in|out)puts .* Received: "):
            engine.check(inputs, outputs)


def test_a_missing_graph_is_named(tmp_path: Path) -> None:
    """The file and the reason."""
    with pytest.raises(BundleError, match=r"gone\.onnx: cannot be read: No such file"):
        Engine(tmp_path / "gone.onnx", 1)


def test_telemetry_is_off_before_the_runtime_is_imported() -> None:
    """The variable is set by importing the engine, and an operator's own choice is kept."""
    code = "import sys; import app.runtime.engine, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    for environment, expected in (({}, "1"), ({"ORT_DISABLE_TELEMETRY": "0"}, "0")):
        said = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
        assert said.stdout.strip() == expected


def test_names_that_are_no_text_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ONNX Runtime takes any bytes, and the error named no file; other errors it printed, and tried again."""
    content = graphs.one("Neg").SerializeToString()
    (tmp_path / "model.onnx").write_bytes(content.replace(b"\n\x01x", b"\n\x01\xe2"))
    with pytest.raises(BundleError, match=r"model\.onnx: expected names of tensors in UTF-8\. Received: .*0xe2"):
        Engine(tmp_path / "model.onnx", 1)
    strange = graphs.graph([graphs.node("Nothing\x1b]0;", ["x"], ["y"])], *[[graphs.tensor("x", [1])]] * 2)
    (tmp_path / "model.onnx").write_bytes(strange.SerializeToString().replace(b"Nothing", b"Noth\xe2ng"))
    with pytest.raises(BundleError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        Engine(tmp_path / "model.onnx", 1)
    assert capsys.readouterr() == ("", "")
