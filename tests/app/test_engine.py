"""The session: what it answers, from how many threads, and how its measurements decide."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.bundle import Tensor
from app.decision import Decision, row_limit, tile, time_runs
from app.engine import Engine
from app.errors import BundleError
from tests import tiny

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
        start.wait(10)
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
    with pytest.raises(BundleError, match=r"gone\.onnx: ONNX Runtime cannot load it: .*No such file"):
        Engine(tmp_path / "gone.onnx", 1)


def test_sizes_are_timed_once_each_after_a_warm_up() -> None:
    """Six runs a size, in ascending order; the smallest time counts."""
    calls: list[int] = []
    times = time_runs(calls.append, (8, 1, 8))
    assert list(times) == [1, 8]
    assert calls == [1] * 6 + [8] * 6
    assert all(seconds >= 0 for seconds in times.values())


@pytest.mark.parametrize(
    ("run_s", "limit"),
    [
        ({1: 1e-5, 8: 1.1e-5, 32: 1.2e-5, 256: 2e-5}, 256),  # almost all overhead: the larger the better
        ({1: 1e-3, 8: 8e-3, 32: 32e-3, 256: 256e-3}, 8),  # proportional: what fits into 25 ms
        ({1: 5e-2, 8: 4e-1, 32: 1.6, 256: 13.0}, 1),  # slow and proportional: company saves nothing
        ({1: 1e-1, 8: 2e-1, 32: 6e-1, 256: 4.8}, 32),  # slow, and cheap a row from 32 on
        ({7: 1.0}, 7),
    ],
)
def test_the_row_limit_is_where_more_no_longer_pays(run_s: dict[int, float], limit: int) -> None:
    """As many as run within 25 ms, and no fewer than make a row cost within a tenth of the least."""
    assert row_limit(run_s) == limit


def test_tile_repeats_rows_whole() -> None:
    """Rows are repeated in order and cut at the count; columns stay together."""
    array = np.array([[1, 2], [3, 4]])
    assert tile(array, 5).tolist() == [[1, 2], [3, 4], [1, 2], [3, 4], [1, 2]]
    assert tile(array, 1).tolist() == [[1, 2]]


def test_the_decision_reads_as_a_sentence() -> None:
    """It is what the log says at load."""
    decision = Decision(True, 1, 256, {1: 8e-6, 32: 2e-5})
    assert str(decision) == "runs on the event loop, 1 thread(s), at most 256 rows a run (1 rows 8 µs, 32 rows 20 µs)"
    assert str(Decision(False, 2, 8, {})).startswith("runs in a worker thread, 2 thread(s)")


def test_telemetry_is_off_before_the_runtime_is_imported() -> None:
    """The variable is set by importing the engine, and an operator's own choice is kept."""
    code = "import sys; import app.engine, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    for environment, expected in (({}, "1"), ({"ORT_DISABLE_TELEMETRY": "0"}, "0")):
        said = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        assert said.stdout.strip() == expected
