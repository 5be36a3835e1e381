"""Runtime: a graph in ONNX Runtime as the service runs it: one thread, no spinning.

    bytes ─ Session ─> predict(rows), latency_us at several batch sizes

It knows nothing about how graphs are made or judged.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from training.features import Arrays, spread

TIMED_ROUNDS = 40
RUNS_A_ROUND = 50
WARM_RUNS = 20


class Session:
    """One graph, loaded; `predict` takes raw rows."""

    def __init__(self, graph: bytes) -> None:
        self._session = ort.InferenceSession(graph, _options(), providers=["CPUExecutionProvider"])
        self._names = [tensor.name for tensor in self._session.get_inputs()]

    def predict(self, arrays: Arrays) -> NDArray[np.float32]:
        """Return the first output: (rows, outputs) float32."""
        answers: NDArray[np.float32] = self._session.run(None, {name: arrays[name] for name in self._names})[0]
        return answers


def latencies_us(
    sessions: Mapping[str, Session], arrays: Arrays, batches: Sequence[int]
) -> dict[str, dict[int, float]]:
    """Time every session at every batch size, in turns, so that a busy moment hits all alike.

    Returns:
        name -> rows -> microseconds: the median over rounds of each round's median run.
    """
    found: dict[str, dict[int, float]] = {name: {} for name in sessions}
    for rows in batches:
        batch = spread(arrays, rows)
        rounds: dict[str, list[float]] = {name: [] for name in sessions}
        for session in sessions.values():
            _time_run_us(session, batch, WARM_RUNS)
        for _ in range(TIMED_ROUNDS):
            for name, session in sessions.items():
                rounds[name].append(_time_run_us(session, batch, RUNS_A_ROUND))
        for name, times_us in rounds.items():
            found[name][rows] = statistics.median(times_us)
    return found


def _time_run_us(session: Session, batch: Arrays, runs: int) -> float:
    times_s = []
    for _ in range(runs):
        start = time.perf_counter()
        session.predict(batch)
        times_s.append(time.perf_counter() - start)
    return statistics.median(times_s) * 1e6


def _options() -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
