"""The room of one body on the fast path: taken, or waited for, before the body is kept.

    take(size)   ─> room now? held
    line(size)   ─> in line ── room in time ─> held ─> `called`
                        └───── the time is up ──────> `called`, with `late`
    end()        the answer is written, or the client has left: whatever it was, all is given back

It knows no body; `app.transport.request_cycle` does.
"""

import asyncio
from collections.abc import Callable

from app.http.byte_budget import ByteBudget, Hold


class BodyRoom:
    """What an exchange has of the budget: nothing, a hold, or a place in line."""

    __slots__ = ("_budget", "_called", "_granted", "_hold", "_timer", "late", "size_bytes")

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._hold: Hold | None = None
        self._granted: asyncio.Future[Hold] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._called: Callable[[], None] | None = None
        self.size_bytes = 0  # that it holds, or waits for
        self.late = False  # there was no room in time

    @property
    def waits(self) -> bool:
        return self._granted is not None

    def take(self, size_bytes: int) -> bool:
        """Hold so many bytes in the place of what is held; False where there is no room now."""
        hold = self._budget.take(size_bytes)
        if hold is None:
            return False
        if self._hold is not None:
            self._hold.end()
        self._hold, self.size_bytes = hold, size_bytes
        return True

    def line(self, size_bytes: int, here_bytes: int, timeout_s: float, called: Callable[[], None]) -> None:
        """Wait for room in the place of what is held; raises `Overloaded` where not even the line has some."""
        granted = self._budget.line(size_bytes, here_bytes)
        self.end()
        self.size_bytes, self._granted, self._called = size_bytes, granted, called
        granted.add_done_callback(self._arrive)
        self._timer = granted.get_loop().call_later(timeout_s, self._expire)

    def shrink(self, size_bytes: int) -> None:
        """Hold what came of a body whose length was not announced; a place in line does so later."""
        self.size_bytes = size_bytes
        if self._hold is not None:
            self._hold.resize(size_bytes)

    def end(self) -> None:
        """Give back what is held, or leave the line."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._called = None
        granted, self._granted = self._granted, None
        if granted is not None:
            self._budget.leave(granted)
        if self._hold is not None:
            self._hold.end()
            self._hold = None

    def _arrive(self, granted: "asyncio.Future[Hold]") -> None:
        if granted is self._granted and not granted.cancelled():
            called, self._granted = self._called, None
            self.end()
            self._hold = granted.result()
            self.shrink(self.size_bytes)
            assert called is not None
            called()

    def _expire(self) -> None:
        called = self._called
        self.end()
        self.late = True
        assert called is not None
        called()
