"""Bodies too large for one turn of the loop: a step each turn, first come, first served, while others are answered.

    Readings.begin(reading) ─> the first step at once ─> was it the last? the ticket that it gave
                                  └─ wait in line ─> a step a turn, of whoever is first ─> … ─> queued

A `Reading` is the ticket of its request until the last step has queued it, and then passes on what that one knows.
It knows neither bodies nor protocols.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Generator
from time import monotonic
from typing import Any

import msgspec

from app.errors import DeadlineExceeded, Overloaded
from app.http.byte_budget import Hold
from app.http.handler import Ticket
from app.runtime.model import Model

Steps = Generator[None, None, Ticket]  # reads a body, a portion a step, and queues its request in the last


class Reading(msgspec.Struct, eq=False):
    """A request whose body is being read; a `Ticket` to its transport."""

    model: Model
    steps: Steps
    started: float  # it was whole; both on `time.monotonic`, in seconds
    deadline: float  # its answer is of no use any more
    size_bytes: int
    failed: Callable[[Exception], None]  # told of what a step that was waited for raised, or that the time is up
    left: Callable[[], None]  # told when the client leaves before the last step
    hold: Hold  # of what has come out of a compressed body
    line: "Readings | None" = None  # in which it waits
    timer: asyncio.TimerHandle | None = None  # to its deadline, while it waits
    queued: Ticket | None = None  # what the last step gave
    quick: bool = False

    @property
    def submitted(self) -> float:
        return 0.0 if self.queued is None else self.queued.submitted

    @property
    def size(self) -> int:
        return 0 if self.queued is None else self.queued.size

    @property
    def answer(self) -> Any:
        return None if self.queued is None else self.queued.answer

    def step(self) -> Ticket | None:
        """Make the next step; return what it gave if it was the last, and raise what it raises."""
        gc.disable()  # it would visit many thousands of new objects again and again
        try:
            next(self.steps)
        except StopIteration as last:
            self.queued = last.value
        finally:
            gc.enable()
        return self.queued

    def cancel(self) -> None:
        self.hold.end()
        if self.queued is not None:
            self.queued.cancel()
        elif self.line is not None:
            self.line.remove(self)
            self.left()


class Readings:
    """The line of those that wait for their next step, together at most `max_bytes` or one alone; used on one loop."""

    def __init__(self, max_bytes: int = 2**28) -> None:
        self._loop = asyncio.get_running_loop()
        self._max_bytes = max_bytes
        self._line: deque[Reading] = deque()
        self._bytes = 0
        self._turning = False  # the next step is to be made in the next turn

    def begin(self, reading: Reading) -> Ticket:
        """Make the first step now, the others in later turns; raises its faults, or `Overloaded` above `max_bytes`."""
        ticket = reading.step()
        if ticket is not None:
            return ticket
        if self._line and self._bytes + reading.size_bytes > self._max_bytes:
            expected = f"expected at most {self._max_bytes} bytes of large bodies"
            received = f"Received: {reading.size_bytes} beside {self._bytes}"
            raise Overloaded(f"The queue is full: {expected}. {received}. Try again later.")
        self._add(reading)
        return reading

    def _add(self, reading: Reading) -> None:
        reading.line = self
        reading.timer = self._loop.call_later(max(0.0, reading.deadline - monotonic()), self._expire, reading)
        reading.model.batcher.readings += 1
        self._bytes += reading.size_bytes
        self._line.append(reading)
        self._go_on()

    def remove(self, reading: Reading) -> None:
        """Let go of a reading and of what it has read."""
        assert reading.timer is not None
        reading.timer.cancel()
        reading.line = None
        reading.model.batcher.readings -= 1
        self._bytes -= reading.size_bytes
        self._line.remove(reading)

    def _turn(self) -> None:
        """Make the next step of the first in line."""
        self._turning = False
        if not self._line:  # all have left
            return
        reading = self._line[0]
        reading.model.batcher.readings -= 1  # the last step queues it, and then it counts there
        try:
            ended = reading.step() is not None
        except Exception as error:  # kept by this frame, it would keep the body until the garbage collector came
            self._stepped(reading, ended=True)
            reading.failed(error)
        else:
            self._stepped(reading, ended=ended)

    def _stepped(self, reading: Reading, *, ended: bool) -> None:
        reading.model.batcher.readings += 1
        if ended:
            self.remove(reading)
        self._go_on()

    def _go_on(self) -> None:
        if self._line and not self._turning:
            self._turning = True
            self._loop.call_soon(self._turn)

    def _expire(self, reading: Reading) -> None:
        self.remove(reading)
        reading.failed(DeadlineExceeded("The deadline passed before the answer was there."))
