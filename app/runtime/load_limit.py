"""How long a load may take: at its end ONNX Runtime is asked to break off whatever it does for it.

    with LoadLimit(300) as limit: ─> limit.run_options ─> runs of golden rows and timings
                                  ─> limit.bind(…)     ─> the making of a session
                                  ─> limit.check(…)    a load that was broken off is refused

A run ends at the end of the node that runs, the making of a session between two of its steps, and neither if the node
never ends: whoever cannot wait for that leaves the thread, or loads in another process (`app.repository.loader`).
It knows neither bundles nor processes.
"""

import os
import threading
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

# Set before the import: since 1.29 the Linux wheels of ONNX Runtime ship with telemetry on.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

from app.errors import BundleError

STARVED = ("bad_alloc", "Failed to allocate memory")  # how ONNX Runtime says it
FATAL = 4  # ONNX Runtime's severity of what is logged although the error says it


class LoadLimit:
    """The time of one load, as a context; it begins where the context does."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.expired = False
        self.starved = False  # a run failed for want of memory
        self.run_options = quiet_options()
        self._sessions: list[ort.SessionOptions] = []
        self._timer = threading.Timer(limit_s, self._expire)
        self._timer.daemon = True
        self._until = monotonic() + limit_s

    @property
    def left_s(self) -> float:
        """Seconds that are left, 0 at the end."""
        return max(0.0, self._until - monotonic())

    def __enter__(self) -> Self:
        self._until = monotonic() + self.limit_s
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()

    def bind(self, options: ort.SessionOptions) -> None:
        """Break off the session that is made with these options, too."""
        self._sessions.append(options)
        if self.expired:
            options.set_load_cancellation_flag(True)

    def check(self, where: Path) -> None:
        """Raise `BundleError` where the time is over: what was broken off says nothing about a version."""
        if self.expired:
            expected = f"expected to be made, run and timed within {self.limit_s:g} s"
            raise BundleError(f"{where}: {expected} (SLIPWAY_LOAD_TIMEOUT_S is longer). Received: no end.")

    def note(self, error: Exception) -> None:
        """Take notice of a run that failed."""
        self.starved = self.starved or isinstance(error, MemoryError) or any(said in str(error) for said in STARVED)

    def _expire(self) -> None:
        self.expired = True
        self.run_options.terminate = True
        for options in self._sessions:
            options.set_load_cancellation_flag(True)


def quiet_options() -> ort.RunOptions:
    """Return options of a run at load: a failure is the graph's, and ONNX Runtime need not log it."""
    options = ort.RunOptions()
    options.log_severity_level = FATAL
    return options
