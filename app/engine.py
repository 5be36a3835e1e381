"""One ONNX Runtime session: how it is made, and how it is run.

    Engine(path, threads)  ─>  run({tensor: array})  ─>  [array, …]
    time_runs(run, sizes)  ─>  decide(times)  ─>  on the loop or in a thread

It knows nothing of requests, queues or features.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Set before the import: since 1.29 the Linux wheels of ONNX Runtime ship with telemetry on.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from app.bundle import Tensor
from app.errors import BundleError

Arrays = Mapping[str, NDArray[Any]]

INLINE_MAX_S = 0.001  # a run of 32 rows on the loop may delay every other request by this much
RUN_MAX_S = 0.025  # a run of more rows than make a row cheap may take this long
ORT_DTYPES = {"float32": "tensor(float)", "string": "tensor(string)"}


class Engine:
    """A session on the CPU.

    Args:
        model: the graph's file; it may not refer to external data.
        threads: threads of one run, always explicit: the library's default is the cores of the whole node.

    Raises:
        BundleError: when the file is no graph that ONNX Runtime can run.
    """

    def __init__(self, model: Path, threads: int) -> None:
        self.model = model
        self.threads = threads
        try:
            self._session = ort.InferenceSession(
                model.read_bytes(), _options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise BundleError(f"{model}: ONNX Runtime cannot load it: {error}") from error
        self._outputs = [output.name for output in self._session.get_outputs()]

    def check(self, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> None:
        """Compare the graph's tensors with the manifest's.

        Raises:
            BundleError: naming the tensors expected and found.
        """
        self._compare("inputs", inputs, self._session.get_inputs())
        self._compare("outputs", outputs, self._session.get_outputs())

    def run(self, inputs: Arrays) -> list[NDArray[Any]]:
        """Run the graph once; safe to call from any thread, and the GIL is released meanwhile.

        Returns:
            The outputs in the graph's order, each (rows, …).
        """
        return self._session.run(self._outputs, inputs)  # type: ignore[no-any-return]

    def _compare(self, what: str, wanted: tuple[Tensor, ...], found: list[Any]) -> None:
        expected = [(t.name, ORT_DTYPES[t.dtype], list(t.shape[1:])) for t in wanted]
        received = [(t.name, t.type, list(t.shape[1:])) for t in found]
        if expected != received:
            raise BundleError(
                f"{self.model}: expected the {what} {expected}, as in the manifest. Received: {received}."
            )
        fixed = [t.name for t in found if isinstance(t.shape[0], int)]
        if fixed:
            raise BundleError(f"{self.model}: expected a symbolic batch dimension. Received: a fixed one in {fixed}.")


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would take the quota of the event loop and of the neighbours.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Batches of every size come by: the arena would keep the largest working set of each for ever.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # A graph made from bytes would find external data in the working directory; here it finds none.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    options.log_severity_level = 3
    return options


@dataclass(frozen=True)
class Decision:
    """Where and how runs happen, and the measurement that says so."""

    inline: bool
    threads: int
    max_batch_rows: int
    run_s: dict[int, float]  # rows -> seconds of one run

    def __str__(self) -> str:
        times = ", ".join(f"{rows} rows {seconds * 1e6:.0f} µs" for rows, seconds in self.run_s.items())
        where = "on the event loop" if self.inline else "in a worker thread"
        return f"runs {where}, {self.threads} thread(s), at most {self.max_batch_rows} rows a run ({times})"


def time_runs(run: Callable[[int], Any], sizes: tuple[int, ...]) -> dict[int, float]:
    """Time `run(rows)` for each size: the best of five after one to warm up, in seconds."""
    return {rows: _best(run, rows) for rows in sorted(set(sizes))}


def _best(run: Callable[[int], Any], rows: int) -> float:
    run(rows)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        run(rows)
        times.append(time.perf_counter() - started)
    return min(times)


def row_limit(run_s: dict[int, float]) -> int:
    """Choose the rows of one run: as many as run within `RUN_MAX_S`, and no fewer than make a row cheap.

    A batch only takes what waits anyway, so more rows delay nobody but those who would have been in the first of two
    runs; and under load, when other work has driven the weights out of the cache, they pay more than a timing shows.
    """
    least = min(seconds / rows for rows, seconds in run_s.items())
    cheap = min(rows for rows, seconds in run_s.items() if seconds / rows <= 1.1 * least)
    return max([cheap, *(rows for rows, seconds in run_s.items() if seconds <= RUN_MAX_S)])


def tile(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """Repeat an array's rows until there are `rows` of them."""
    return np.resize(array, (rows, *array.shape[1:]))  # (rows, …)
