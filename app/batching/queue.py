"""What waits for an engine: in order, and bounded in rows, in bytes and in the time that it would wait.

    put   ─> refused, or at the back of the queue
    take  ─> the next batch: work of one key from the front; what does not fit is cut, and its rest goes to the back
    drop  ─> its caller has left, or its time is up: it is passed over, and swept out when there are many like it

Larger work is cut so that it does not starve the small. It knows neither the event loop nor the engine.
"""

import math
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from app.batching.area import RUN_ELEMENTS, Area
from app.batching.turn_time import Pace
from app.batching.work import Piece, Sliced, Work
from app.errors import ModelFailed, Overloaded, Reason

WAIT_SHARE = 0.6  # of the time until its deadline that a request may wait by the estimate, its own run included
SWEEP_WORKS = 256  # that expired or were cancelled may lie in the queue, or as many as are alive there


@dataclass(frozen=True)
class Limits:
    """What one engine takes at once, and what may wait for it."""

    batch_rows: int  # of one run
    queue_rows: int  # that may wait
    queue_bytes: int = 2**28  # that they may weigh
    requests: int | None = None  # that may be under way, running or waiting; see `app.batching.concurrency_limit`
    elements: Callable[[Sliced], Sequence[int]] | None = None  # of each row, where `app.batching.area` bounds a run


class WorkQueue:
    """The works before one engine.

    A newcomer to an empty queue takes so many `turns`: its own, and where runs happen on the loop the one that it has
    waited for already, in its socket.
    """

    def __init__(self, limits: Limits, pace: Pace, turns: int) -> None:
        self._max_batch_rows = limits.batch_rows
        self._max_rows = limits.queue_rows
        self._max_bytes = limits.queue_bytes
        self._pace = pace
        self._turns = turns
        self._elements = limits.elements
        self._ahead_elements = 0  # likewise of elements, of which a run has `RUN_ELEMENTS`
        self._works: deque[Work] = deque()
        self._gone = 0  # of these are done: they expired or were cancelled
        self.rows = 0  # that wait
        self.size_bytes = 0  # that they weigh
        self.broken = False  # nobody will take anything any more
        # Who is within so many waiting rows, and has time for two turns, is not refused: most are, and pay for no more.
        self.easy_rows = min(limits.batch_rows, limits.queue_rows)
        self._beyond_rows = 0  # that wait, but for later turns than the next of their work: not before a newcomer

    def __len__(self) -> int:
        """Count what lies in the queue, alive or not."""
        return len(self._works)

    def __iter__(self) -> Iterator[Work]:
        return iter(self._works)

    @property
    def alive(self) -> int:
        """How many works wait."""
        return len(self._works) - self._gone

    def admit(self, rows: int, size_bytes: int, patience_s: float, share: float = 1.0) -> None:
        """Refuse what the queue cannot take, or what would still wait when its time is up.

        A server that is offered twice what it can do must not spend itself on work that nobody waits for any more.
        The estimate may use up `WAIT_SHARE` of the patience, the seconds until the deadline; the rest is for its own
        error. `rows` is one while they have not been counted. Who may use but a `share` of the limits beside others is
        refused before them.
        Raises `Overloaded`, with the wait that was estimated, and `ModelFailed` when the batcher has broken.
        """
        if self.broken:
            raise ModelFailed("The model cannot answer.")
        waiting = self.rows
        max_rows = self._max_rows if not waiting else int(share * self._max_rows)
        if waiting + rows > max_rows:
            beside = f" beside {waiting}" if waiting else ""
            raise self._full(f"at most {max_rows} waiting rows", f"{rows}{beside}")
        if not waiting:
            return
        max_bytes = int(share * self._max_bytes)
        if self.size_bytes + size_bytes > max_bytes:
            raise self._full(f"at most {max_bytes} waiting bytes", f"{size_bytes} beside {self.size_bytes}")
        wait_s, limit_s = self.wait_s, share * WAIT_SHARE * patience_s
        if wait_s > limit_s:
            raise self._full(f"a wait of at most {limit_s:.3g} s", f"about {wait_s:.3g} s", "wait")

    @property
    def wait_s(self) -> float:
        """Estimate when a newcomer is answered: after the turns of the rows before it, and its own."""
        ahead = max((self.rows - self._beyond_rows) // self._max_batch_rows, self._ahead_elements // RUN_ELEMENTS)
        return (ahead + self._turns) * self._pace.turn_s

    @property
    def crowded(self) -> bool:
        """True when it is worth asking `admit` before any work on a request: more waits than the next run takes.

        Where each must ask, as with a limit of requests, it always is.
        """
        return self.rows >= self.easy_rows

    def put(self, work: Work) -> None:
        """Let `work` wait; raises as `admit`."""
        rows = self.rows + work.size
        size_bytes = self.size_bytes + work.size_bytes
        hasty = WAIT_SHARE * (work.deadline - work.submitted) < 2 * self._pace.turn_s
        if hasty or rows > self.easy_rows or size_bytes > self._max_bytes or self._ahead_elements > RUN_ELEMENTS:
            self.admit(work.size, work.size_bytes, work.deadline - work.submitted)
            self._beyond_rows += self._beyond(work)
        if self._elements is not None:
            work.elements = self._elements(work.rows)
            self._count_elements(work, sum(work.elements))
        self.rows = rows
        self.size_bytes = size_bytes
        self._works.append(work)

    def _full(self, expected: str, received: str, reason: Reason = "queue_full") -> Overloaded:
        self._pace.refused()
        message = f"The queue is full: expected {expected}. Received: {received}. Try again later."
        return Overloaded(message, retry_after_s=max(1, math.ceil(self.wait_s)), reason=reason)

    def take(self, expired: Callable[[Work, float], bool]) -> list[Piece]:
        """Form a batch of what waits: of one key, up to the row limit, and no larger than one run may be.

        `expired` is asked about each work whose deadline may have passed; it ends the work, and says whether it did.
        """
        batch: list[Piece] = []
        works, room, size_bytes = self._works, self._max_batch_rows, 0
        now = monotonic()
        key: Hashable = self  # until the first has given its own; no work has this one
        area = None if self._elements is None else Area()
        while room and works:
            work = works.popleft()
            if work.done or (work.deadline <= now and expired(work, now)):
                self._gone -= 1
                continue
            fits = room if area is None else area.take(work.elements or (), work.taken, room)
            alike = work.key is key or work.key == key  # most are the same object
            if batch and not (alike and fits):
                works.appendleft(work)
                break
            key, size = work.key, work.size
            if work.taken or size > fits:
                piece = self._cut(work, fits)
            else:  # all of it, as most work is taken
                piece, work.taken = work.rows, size
                size_bytes += work.size_bytes
                self._count_elements(work, 0)
            room -= len(piece)
            batch.append((work, piece))
            if work.taken < size:  # its rest is at the back, and may be met again
                break
        self.rows -= self._max_batch_rows - room
        self.size_bytes -= size_bytes
        return batch

    def _cut(self, work: Work, room: int) -> Sliced:
        """Take up to `room` rows of `work`; what is left goes to the back of the queue."""
        piece = work.rows[work.taken : work.taken + room]
        self._beyond_rows -= self._beyond(work)
        work.taken += len(piece)
        self._beyond_rows += self._beyond(work)
        self._count_elements(work, sum((work.elements or ())[work.taken :]))
        if work.taken < work.size:
            self._works.append(work)
        else:
            self.size_bytes -= work.size_bytes
        return piece

    def _beyond(self, work: Work) -> int:
        """Rows of a waiting work that are left for later turns than its next."""
        return max(0, work.size - work.taken - self._max_batch_rows)

    def _count_elements(self, work: Work, left: int) -> None:
        """So many elements of a work wait from now on; none do where nobody asks how many there are."""
        if work.elements is None:
            return
        self._ahead_elements += min(left, RUN_ELEMENTS) - min(work.elements_left, RUN_ELEMENTS)
        work.elements_left = left

    def drop(self, work: Work) -> bool:
        """Pass over what waits of a work that is done; True when so many are that it is time for `sweep`."""
        if work.taken == work.size:
            return False
        self._beyond_rows -= self._beyond(work)
        self._count_elements(work, 0)
        self.rows -= work.size - work.taken
        self.size_bytes -= work.size_bytes
        self._gone += 1
        return self._gone > SWEEP_WORKS and 2 * self._gone > len(self._works)

    def sweep(self) -> None:
        """Let go of what nobody waits for: behind a run that hangs, callers would come and go without end.

        Not within `take` or while somebody walks along the works.
        """
        if self._gone:
            self._works = deque([work for work in self._works if not work.done])
            self._gone = 0

    def close(self) -> None:
        """Take nobody any more, and let go of all; who waited has been told."""
        self.broken, self.easy_rows = True, -1  # from now on each must ask
        self._works.clear()
        self._gone = 0
