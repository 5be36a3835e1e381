"""Runtime: a graph in the serving engine, as the service runs it: its answers, and how long it takes."""

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.runtime.engine import Engine
from training.columns.arrays import Arrays, Outputs, spread

THREADS = 1  # the service gives a run more only where 32 rows take longer than a millisecond
LOADS = 7
TIMED_ROUNDS = 40
RUNS_A_ROUND = 20
FEWEST_RUNS, ROUND_US = 3, 5000  # slower graphs run less often: their times vary less, too
FEWEST_ROUNDS, TIMED_US = 5, 2e6  # likewise
WARM_RUNS, WARM_US = 20, 1e6


class Session:
    """One graph, loaded; `predict` takes raw rows."""

    def __init__(self, graph: bytes) -> None:
        with _file(graph) as path:
            self._engine = Engine(path, THREADS)
        self._names = [tensor.name for tensor in self._engine.inputs]

    def predict(self, arrays: Arrays) -> Outputs:
        return self._engine.run_named({name: arrays[name] for name in self._names})


def latencies_us(sessions: dict[str, Session], arrays: Arrays, batches: Sequence[int]) -> dict[str, dict[int, float]]:
    """Time every session at every batch size, in turns: name -> rows -> microseconds, the median of medians."""
    found: dict[str, dict[int, float]] = {name: {} for name in sessions}
    for rows in batches:
        batch = spread(arrays, rows)
        rounds: dict[str, list[float]] = {name: [] for name in sessions}
        slowest_us = max(_time_run_us(session, batch, 1) for session in sessions.values())
        warm = min(WARM_RUNS, 1 + int(WARM_US / slowest_us))
        slowest_us = max(_time_run_us(session, batch, warm) for session in sessions.values())
        runs = min(RUNS_A_ROUND, max(FEWEST_RUNS, int(ROUND_US / slowest_us)))
        for _ in range(min(TIMED_ROUNDS, max(FEWEST_ROUNDS, int(TIMED_US / slowest_us / runs)))):
            for name, session in sessions.items():
                rounds[name].append(_time_run_us(session, batch, runs))
        for name, times_us in rounds.items():
            found[name][rows] = statistics.median(times_us)
    return found


def loads_ms(graphs: Mapping[str, bytes]) -> dict[str, float]:
    """Time the making of each session from its file, in turns: name -> milliseconds, the median."""
    with contextlib.ExitStack() as files:
        paths = {name: files.enter_context(_file(graph)) for name, graph in graphs.items()}
        times_ms: dict[str, list[float]] = {name: [] for name in graphs}
        for _ in range(LOADS):
            for name, path in paths.items():
                start = time.perf_counter()
                Engine(path, THREADS)
                times_ms[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(times) for name, times in times_ms.items()}


def _time_run_us(session: Session, batch: Arrays, runs: int) -> float:
    times_s = []
    for _ in range(runs):
        start = time.perf_counter()
        session.predict(batch)
        times_s.append(time.perf_counter() - start)
    return statistics.median(times_s) * 1e6


@contextlib.contextmanager
def _file(graph: bytes) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(graph)
        file.flush()
        yield Path(file.name)
