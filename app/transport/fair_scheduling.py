"""No turn of the loop takes long, however much comes in: requests and pieces of bodies wait here for a later one.

    FairScheduler.put_off(reader)         this turn has taken long enough: its request is answered in one of the next
    FairScheduler.wait(reader)            a piece of a large body is here: the next one is read when it is its turn
    FairScheduler.discard(reader)         it was refused and is sent all the same: a piece now and then, for all of them

Left alone, a turn takes in all that every socket holds: with thousands of connections that is tens of milliseconds, and
a fast sender is read up to 32 times in a row, 256 KB each. Whoever asks for health would wait for that, twice: until
its connection is taken, and until it is read. What is refused has to be read nevertheless: a connection that is closed
with unread bytes in it is reset, and the reset may overtake the answer that says why. Where more comes than can be
answered, first come, first served would be the end of it: all wait until it is too late for all. So once the oldest has
waited for long, every other place goes to the newest, which still has its time (Maurer 2015, "Fail at scale", on
adaptive LIFO). Nor may refusals take the time that answers need: a refusal costs a fifth of what many an answer does.
Who would only be refused waits until it is its turn; meanwhile its connection brings nothing new. Only where very many
wait are they refused as fast as they come: each holds a descriptor, and new connections need one. It knows neither
requests nor what a body holds.
"""

import asyncio
import resource
from collections import deque
from time import monotonic
from typing import Protocol

TURN_S = 0.002  # after which no further request is begun in a turn
STALE_S = 0.02  # that the oldest request has waited: from then on the newest are in time, and the oldest hardly
LONG_S = 0.002  # a piece of a body that took longer is followed by as long a rest
PIECE_BYTES = 2**16  # a smaller piece is the last that had come: its sender is not fast
REFUSAL_SHARE = 0.02  # of the time may go into taking what is only refused; all that a refusal costs is three times it
LATE_MAX = 4096  # connections that may wait for that, or a quarter of those that the process may have
DISCARD_S = 0.005  # between two pieces, of up to 256 KB, of what nobody wants


class Reader(Protocol):
    """A connection that can wait."""

    loop: asyncio.AbstractEventLoop

    def take(self, arrived: float) -> bool:
        """Take what was put off and came at `arrived`; True if it was refused because its model has too much to do."""

    def hold(self) -> None: ...  # read no more for now
    def read_on(self) -> None: ...  # read the next piece, unless there are other reasons to wait


class FairScheduler:
    """The connections that wait for a turn."""

    def __init__(self) -> None:
        self.taken = 1  # requests since the last turn but one, or so: the clock is asked at every eighth
        self.late: deque[tuple[Reader, float]] = deque()  # connections whose request is put off, and since when
        self._newest = False  # had the last place
        self._late_max = min(LATE_MAX, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)
        self._refusing_s = 0.0  # that may still go into refusals
        self._looked = 0.0  # when that was last added to, on `time.monotonic`
        self._began: float | None = None  # when this turn was first asked about, on `time.monotonic`
        self._wanted: deque[Reader] = deque()
        self._unwanted: deque[Reader] = deque()
        self._granted = 0.0  # when the last of `_wanted` had its turn, on `time.monotonic`
        self._rested = True  # since then

    def full(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Say whether this turn has taken long enough; the first to ask in a turn starts the clock."""
        if self._began is None:
            self._began = monotonic()
            loop.call_soon(self._turn)
            return False
        return monotonic() - self._began > TURN_S

    def _turn(self) -> None:
        self._began = None
        self.taken = 0

    def put_off(self, reader: Reader) -> None:
        """Let a request wait for a later turn; what it waits here is of its time."""
        self.late.append((reader, monotonic()))
        if len(self.late) == 1:
            reader.loop.call_soon(self._take_late, reader.loop)

    def _take_late(self, loop: asyncio.AbstractEventLoop) -> None:
        began = now = monotonic()
        share = REFUSAL_SHARE if len(self.late) <= self._late_max else 1.0
        self._refusing_s = min(TURN_S, self._refusing_s + share * (now - self._looked))
        self._looked = now
        spent = False  # all the time that may go into refusals
        try:
            while self.late and now <= began + TURN_S and not spent:
                refused = self._next_late(now)
                before, now = now, monotonic()
                if refused:
                    self._refusing_s -= now - before
                    spent = self._refusing_s <= 0 and self._newest
        finally:
            if spent:  # the queue is full even for the newest: it is the model's turn
                loop.call_later(TURN_S, self._take_late, loop)
            elif self.late:
                loop.call_soon(self._take_late, loop)

    def _next_late(self, now: float) -> bool:
        """Take one: the first or, where that has waited for long, the last in turns with it; say if it was refused."""
        long = now - self.late[0][1] > STALE_S
        self._newest = long and (not self._newest or self._refusing_s <= 0)
        reader, arrived = self.late.pop() if self._newest else self.late.popleft()
        return reader.take(arrived)

    def flush(self) -> None:
        """Take all that was put off: the process is about to end."""
        late, self.late = self.late, deque()
        for reader, arrived in late:
            reader.take(arrived)

    def wait(self, reader: Reader) -> None:
        """Hold a connection in the middle of a body until the loop has turned, and the others had theirs."""
        reader.hold()
        self._wanted.append(reader)
        if len(self._wanted) == 1:
            self._granted, self._rested = monotonic(), True
            reader.loop.call_soon(self._next_wanted, reader.loop)

    def _next_wanted(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the next one read on; if the last one took long, say because its body was whole, let others go first."""
        now = monotonic()
        if now - self._granted > LONG_S and not self._rested:
            self._rested = True
            loop.call_later(now - self._granted, self._next_wanted, loop)
            return
        self._granted, self._rested = now, False
        self._wanted.popleft().read_on()
        if self._wanted:
            loop.call_soon(self._next_wanted, loop)

    def discard(self, reader: Reader) -> None:
        """Hold a connection whose body nobody wants for longer, the more of them there are."""
        reader.hold()
        self._unwanted.append(reader)
        if len(self._unwanted) == 1:
            reader.loop.call_later(DISCARD_S, self._next_unwanted, reader.loop)

    def _next_unwanted(self, loop: asyncio.AbstractEventLoop) -> None:
        self._unwanted.popleft().read_on()
        if self._unwanted:
            loop.call_later(DISCARD_S, self._next_unwanted, loop)
