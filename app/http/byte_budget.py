"""How many bytes of requests and answers are in memory at once, over every connection and protocol together.

    take(size)                 ─> a Hold; None where there is no room
    wait(size, here, timeout)  ─> in line: a Hold once others have given back
    hold(size)                 ─> a Hold of what is in memory anyway
    charge(size), give(size)   the same for those that count for themselves

    0 ├──────────── large bodies ────────────┼── a quarter: small ones alone ──┤ limit

A body is counted by its announced length before it is read. Were each piece counted as it comes, half bodies could fill
the whole, and each would wait for room that none of them gives back. A quarter is kept for small bodies, which are so
answered beside any number of large ones. One large body alone is always taken, so that a limit below the bound of a
body still serves. It is used on one loop, without locks; it knows neither bodies nor connections.
"""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass

from app.errors import Overloaded

UNCOUNTED_BYTES = 4096  # of a body that is not worth counting: its connection takes more
SMALL_BYTES = 65536  # of a body that may use the quarter that is kept
SMALL_SHARE = 4  # the small have a fourth of the limit to themselves
LINE_SHARE = 8  # what those in line have brought is at most an eighth of it
DEFAULT_SHARE = 8  # of the memory is the limit by default: what a body is read into may take several times its bytes
DEFAULT_BYTES = 2**28  # where memory has no limit


def limit_of(asked_bytes: int | None, memory_bytes: int | None, workers: int, max_body_bytes: int) -> int:
    """Return the limit of one of `workers`: its part of what is asked for, or of what fits the memory.

    Left out it is never less than a body, so that two workers with little memory take what one does.
    """
    if asked_bytes is not None:
        return max(asked_bytes // workers, SMALL_SHARE * SMALL_BYTES)
    share = DEFAULT_BYTES if memory_bytes is None else memory_bytes // DEFAULT_SHARE
    return max(share // workers, max_body_bytes)


class Hold:
    """What one request has of the budget, given back once."""

    __slots__ = ("_budget", "size_bytes")

    def __init__(self, budget: "ByteBudget", size_bytes: int) -> None:
        self._budget = budget
        self.size_bytes = size_bytes
        budget.change(0, size_bytes)

    def resize(self, size_bytes: int) -> None:
        """Hold more than before, because it is there, or less, because it is not."""
        before, self.size_bytes = self.size_bytes, size_bytes
        self._budget.change(before, size_bytes)

    def end(self) -> None:
        """Give back all of it; a second time changes nothing."""
        self.resize(0)


@dataclass(eq=False)
class Place:
    """A large body's place in line, and what has come of it."""

    size_bytes: int
    here_bytes: int  # that are in memory already
    granted: "asyncio.Future[Hold]"


class ByteBudget:
    """The bytes that are held, at most about `limit_bytes`, and the line of large bodies that wait for room."""

    def __init__(self, limit_bytes: int = DEFAULT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._easy_bytes = limit_bytes - limit_bytes // SMALL_SHARE
        self.used_bytes = 0
        self._small_bytes = 0  # of holds
        self._large_bytes = 0
        self._here_bytes = 0  # of those in line
        self._line: deque[Place] = deque()
        self._serving = False  # the line is looked at in the next turn

    def take(self, size_bytes: int) -> Hold | None:
        """Hold so many bytes; None where there is no room, or other large ones were first."""
        if size_bytes > SMALL_BYTES:
            fits = not self._line and self._has_room(size_bytes)
        else:
            fits = self.used_bytes + size_bytes <= self.limit_bytes or self._quarter_has_room(size_bytes)
        return Hold(self, size_bytes) if fits else None

    def hold(self, size_bytes: int) -> Hold:
        """Hold what is in memory anyway, over the limit or not."""
        return Hold(self, size_bytes)

    def charge(self, size_bytes: int) -> None:
        """Count what is in memory anyway, without a hold; whoever charges gives it back."""
        self.used_bytes += size_bytes

    def charge_easily(self, size_bytes: int) -> bool:
        """Charge a small body for which there is room without a look at the quarter; most are, and pay for no more."""
        used = self.used_bytes + size_bytes
        if used > self._easy_bytes:
            return False
        self.used_bytes = used
        return True

    def give(self, size_bytes: int) -> None:
        """Give back what was charged."""
        self.used_bytes -= size_bytes
        if self._line:
            self._look()

    def change(self, before_bytes: int, after_bytes: int) -> None:
        """Count a hold that changes its size."""
        self.used_bytes += after_bytes - before_bytes
        if before_bytes <= SMALL_BYTES:
            self._small_bytes -= before_bytes
        else:
            self._large_bytes -= before_bytes
        if after_bytes <= SMALL_BYTES:
            self._small_bytes += after_bytes
        else:
            self._large_bytes += after_bytes
        if self._line and after_bytes < before_bytes:
            self._look()

    def line(self, size_bytes: int, here_bytes: int = 0) -> "asyncio.Future[Hold]":
        """Stand in line for a hold of `size_bytes`, of which `here_bytes` are in memory; see `leave`.

        Raises `Overloaded` where those in line have brought as much as they may.
        """
        if here_bytes and self._here_bytes + here_bytes > self.limit_bytes // LINE_SHARE:
            raise self.full(size_bytes)
        place = Place(size_bytes, here_bytes, asyncio.get_running_loop().create_future())
        place.granted.add_done_callback(lambda _: self._remove(place))
        self._here_bytes += here_bytes
        self.used_bytes += here_bytes
        self._line.append(place)
        self._look()
        return place.granted

    @staticmethod
    def leave(granted: "asyncio.Future[Hold]") -> None:
        """Leave the line, or give back what was granted and not fetched."""
        if not granted.cancel() and not granted.cancelled():
            granted.result().end()

    async def wait(self, size_bytes: int, here_bytes: int, timeout_s: float) -> Hold:
        """Take what there is room for, now or in line; raises `Overloaded` where there is none in time."""
        hold = self.take(size_bytes)
        if hold is not None:
            return hold
        if size_bytes <= SMALL_BYTES:
            raise self.full(size_bytes)
        granted = self.line(size_bytes, here_bytes)
        try:
            await asyncio.wait([granted], timeout=timeout_s)
            if not granted.done():
                raise self.full(size_bytes)
        except BaseException:
            self.leave(granted)
            raise
        return granted.result()

    def full(self, size_bytes: int) -> Overloaded:
        """Return what a body of so many bytes is refused with."""
        expected = f"expected at most {self.limit_bytes} bytes of requests and answers at once"
        received = f"Received: {size_bytes} beside {self.used_bytes}"
        return Overloaded(f"The memory for bodies is full: {expected}. {received}. Try again later.", reason="memory")

    def _has_room(self, size_bytes: int, here_bytes: int = 0) -> bool:
        """Say whether a large body fits, of which `here_bytes` are counted already."""
        if not self._large_bytes:
            return True
        fits = self._large_bytes + size_bytes <= self.limit_bytes - self.limit_bytes // SMALL_SHARE
        return fits and self.used_bytes - here_bytes + size_bytes <= self.limit_bytes

    def _quarter_has_room(self, size_bytes: int) -> bool:
        return self._small_bytes + size_bytes <= self.limit_bytes // SMALL_SHARE

    def _look(self) -> None:
        """Look at the line in the next turn: who gives back now may have more to give."""
        if self._line and not self._serving:
            self._serving = True
            self._line[0].granted.get_loop().call_soon(self._serve)

    def _serve(self) -> None:
        """Give to those in line, in their order, until there is no room for the first."""
        self._serving = False
        while self._line:
            place = self._line[0]
            if not place.granted.done():
                if not self._has_room(place.size_bytes, place.here_bytes):
                    break
                place.granted.set_result(self.hold(place.size_bytes))
            self._remove(place)

    def _remove(self, place: Place) -> None:
        """Count what it has brought no more here: it left, or its hold counts it."""
        with contextlib.suppress(ValueError):
            self._line.remove(place)
            self._here_bytes -= place.here_bytes
            self.used_bytes -= place.here_bytes
            self._look()
