"""Memory that bodies took goes back to the system once they are gone.

    each second ─ has the process grown by `GROWTH_BYTES`, and do its requests hold little?
                  └─> a thread: the garbage collector, then `malloc_trim`; a few times, for some lets go later

A connection that is lost in the middle of a body lies in a circle of references with what was read of it.
And glibc keeps what was free: after a hundred large bodies a process stays as large as they were together, and the
next pod or the next model has less. It knows no requests, only how many bytes they hold.
"""

import asyncio
import gc
from collections.abc import Callable
from time import monotonic

from app import cgroup

GROWTH_BYTES = 2**24  # since the last time: less is not worth the moment in which other threads wait for memory
HELD_BYTES = 2**22  # by requests, at most: what they hold cannot go back
PAUSE_S = 10.0  # between two times
TIMES = 3  # after requests held much, or the process grew


class MemoryReturn:
    """Gives free memory back; make it on the loop, with what the requests hold."""

    def __init__(self, held_bytes: Callable[[], int]) -> None:
        self._held_bytes = held_bytes
        # Before a model is loaded: a process may be attacked from its first second on.
        self._usual_bytes = cgroup.resident_bytes()  # of the process, at its least
        self._after_bytes = self._usual_bytes  # of the process, when it last gave back
        self._times = 0  # that are left
        self._next = 0.0  # on `time.monotonic`
        self._returning: asyncio.Future[None] | None = None

    def look(self) -> None:
        """Begin to give back, where there is something to give; what is there at the start is what is usual."""
        resident, held = cgroup.resident_bytes(), self._held_bytes()
        self._usual_bytes = min(resident, self._usual_bytes)
        if held > HELD_BYTES or resident - self._after_bytes > GROWTH_BYTES:
            self._times = TIMES
        grown = resident - self._usual_bytes > GROWTH_BYTES
        if grown and self._times and held <= HELD_BYTES and monotonic() >= self._next and self._returning is None:
            self._times -= 1
            self._returning = asyncio.ensure_future(self._give_back())

    async def _give_back(self) -> None:
        try:
            await asyncio.to_thread(_give_back)
            self._after_bytes = cgroup.resident_bytes()
        finally:
            self._next = monotonic() + PAUSE_S
            self._returning = None


def _give_back() -> None:
    gc.collect()
    cgroup.return_memory()
