"""The service without its metrics: the same program, whose observers take what they are told and keep nothing.

    python -m benchmarks.servers.unobserved --models FOLDER --port PORT     as `python -m app`
    python -m benchmarks.servers.unobserved simulate MODELS BODY_FILE CONNECTIONS

What is left of metrics are the calls themselves, into a list that has no room, and the clock, which is read for
deadlines and the pace of runs anyway. Counting drift is off by its setting.
"""

import os
import runpy
import sys
from collections import deque
from collections.abc import Callable
from typing import Any


class Silent:
    """An observer that keeps nothing; the shortest way to take a value is one that is written in C."""

    def __init__(self) -> None:
        nowhere: Callable[[Any], None] = deque[Any](maxlen=0).append
        self.decoded = self.encoded = self.answered = self.refused = self.queued = nowhere
        self.calls: Any = _Anything(self)

    @property
    def previews(self) -> Any:
        return self

    def left(self) -> None: ...

    def ran(self, rows: int, run_s: float, waited_s: list[float]) -> None: ...

    def retried(self) -> None: ...

    def traced(self, seconds: float, trace_id: str) -> None: ...


class _Anything(dict[str, Silent]):
    def __init__(self, silent: Silent) -> None:
        super().__init__(dict.fromkeys(("predict", "tensorflow-serving", "open-inference", "grpc", "preview"), silent))


def silence() -> None:
    """Put the silent observer in the place of the real one, and stop what looks at the loop and folds."""
    os.environ["SLIPWAY_DRIFT"] = "false"
    from app.health import loop_lag  # noqa: PLC0415  (after the setting)
    from app.metrics import service_metrics  # noqa: PLC0415  (after the setting)
    from app.runtime.model import Model, Observer  # noqa: PLC0415

    def observe(self: Any, model: Model, capacity: int) -> Observer:
        return Silent()

    changed: Any = service_metrics.Metrics
    changed.observe = observe
    changed.fold = lambda self: None
    still: Any = loop_lag.LoopLag
    still.start = lambda self: None


if __name__ == "__main__":
    silence()
    simulated = sys.argv[1:2] == ["simulate"]
    sys.argv = [sys.argv[0], *sys.argv[2 if simulated else 1 :]]
    runpy.run_module("benchmarks.micro.no_network" if simulated else "app", run_name="__main__")
