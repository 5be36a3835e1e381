"""How late the event loop is: a timer that looks at the clock when it is called, each tenth of a second.

What waits for the loop waits as long as the timer does: sockets, deadlines and health alike. It knows no metrics.
"""

import asyncio
from collections.abc import Callable
from time import monotonic

PERIOD_S = 0.1  # a look costs microseconds


class LoopLag:
    """Measures the running event loop; `took` gets the seconds that each look was late, in uvloop's milliseconds."""

    def __init__(self, took: Callable[[float], None]) -> None:
        self._took = took
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self) -> None:
        self._due = monotonic() + PERIOD_S
        self._timer = self._loop.call_later(PERIOD_S, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._took(max(0.0, monotonic() - self._due))
        self.start()
