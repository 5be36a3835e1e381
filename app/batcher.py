"""Many `submit(rows)` -> few `run(batch)`.

    submit ─> queue ─> take ─> run ─> settle
                 ^               │
                 └── next turn ──┘

An idle engine runs at once; what arrives meanwhile is the next batch, so nobody ever waits for company.
A batch holds work of one key, up to `max_batch_rows` rows; larger work is cut into pieces and goes to the back of
the queue after each, so that it does not starve the small.
Work that expired or was cancelled is dropped before the run. When a batch fails, each of its pieces runs alone, so
that only the bad one fails.
It knows neither HTTP nor ONNX: rows are anything with a length and slices.
"""

import asyncio
import itertools
import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from time import monotonic  # uvloop's own clock ticks in milliseconds
from typing import Any, Protocol

from app.errors import DeadlineExceeded, ModelFailed, Overloaded, Reason, RequestError
from app.pace import Pace

NEVER = float("inf")
TURN_MAX_S = 0.005  # batches follow one another on the loop for this long before it looks at its sockets again
WAIT_SHARE = 0.6  # of the time until its deadline that a request may wait by the estimate, its own run included
SWEEP_WORKS = 256  # that expired or were cancelled may lie in the queue, or as many as are alive there
CLOCK_TICK_S = 0.001  # uvloop rounds timers to milliseconds; a timer must not fire before its deadline

FAILED_TO_TAKE = "A caller failed to take its answer."

THREADS = Path("/proc/self/task")  # of this process, by number, on Linux

log = logging.getLogger("slipway.batcher")

Run = Callable[[list[Sequence[Any]]], list[Sequence[Any]]]
"""Pieces of rows -> for each piece as many answers as it has rows."""


class Observer(Protocol):
    """What the batcher tells of itself; see `app.metrics`."""

    def ran(self, rows: int, run_s: float, waited_s: list[float]) -> None:
        """One run ended, well or not; `waited_s` holds each piece's time in the queue."""

    def retried(self) -> None:
        """A batch failed, and its pieces run alone."""


class Work:
    """Rows of one caller on their way through the batcher.

    Subclasses say what happens at the end: exactly one of `resolve` and `reject` is called, once, on the event loop.
    """

    __slots__ = ("answers", "deadline", "done", "key", "rows", "size", "size_bytes", "submitted", "taken")

    def __init__(
        self, rows: Sequence[Any], submitted: float, deadline: float, key: Hashable = None, size_bytes: int = 0
    ) -> None:
        self.rows = rows
        self.size = len(rows)
        self.key = key
        self.size_bytes = size_bytes  # what the rows weigh while they wait, say the length of the request's body
        self.submitted = submitted  # both on `time.monotonic`, in seconds
        self.deadline = deadline
        self.taken = 0  # rows handed to a run so far
        self.answers: list[Sequence[Any]] | None = None  # of the pieces that ran, where there is more than one
        self.done = False

    def resolve(self, answers: Any) -> None:
        """Receive one answer a row, in order: what `run` gave for the rows, or `join` made of their pieces."""
        raise NotImplementedError

    def join(self, parts: list[Sequence[Any]]) -> Any:
        """Put the answers to pieces after one another."""
        return list(itertools.chain.from_iterable(parts))

    def reject(self, error: RequestError) -> None:
        """Receive the reason why there is no answer."""
        raise NotImplementedError


class Batcher:
    """The queue before one engine.

    Args:
        run: pieces of rows to answers; called on the loop, or in `executor` if there is one.
        max_batch_rows: rows of one run.
        max_queue_rows: rows that may wait.
        observer: told of every run.
        executor: where to run; None runs on the event loop.
        max_queue_bytes: bytes that the waiting rows may weigh.
        max_delay_s: seconds that an idle engine waits for company; 0 never waits.
    """

    def __init__(
        self,
        run: Run,
        *,
        max_batch_rows: int,
        max_queue_rows: int,
        observer: Observer,
        executor: Executor | None = None,
        max_queue_bytes: int = 2**28,
        max_delay_s: float = 0.0,
    ) -> None:
        self._run = run
        self._max_batch_rows = max_batch_rows
        self._max_queue_rows = max_queue_rows
        self._max_queue_bytes = max_queue_bytes
        self._max_delay_s = max_delay_s
        self._delay: asyncio.TimerHandle | None = None
        self._observer = observer
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Work] = deque()
        self._suspects: deque[tuple[Work, Sequence[Any]]] = deque()  # pieces of a failed batch, to be run alone
        self._running: list[tuple[Work, Sequence[Any]]] = []
        self._busy = False  # a run is under way, or a turn is next; while an idle engine waits for company, neither is
        self._timer: asyncio.TimerHandle | None = None
        self._next_check = NEVER
        self._seen = 0  # works that waited at the last turn
        self._gone = 0  # works in the queue that are done: they expired or were cancelled
        self._run_thread: int | None = None  # the system's number of the thread that ran last
        self.pace = Pace(max_batch_rows)
        self.queued_rows = 0
        self.queued_bytes = 0
        # Who is within so many waiting rows, and has time for two turns, is not refused: most are, and pay for no more.
        self._easy_rows = min(max_batch_rows, max_queue_rows)
        self._beyond_rows = 0  # that wait, but for later turns than the next of their work: not before a newcomer
        self.ran_from = self.ran_to = 0.0  # the last run, on `time.monotonic`: that of whoever gets an answer just now
        self.run_started: float | None = None  # when the run under way in the executor began, on `time.monotonic`
        self.longest_run_s = 0.0  # of those that ended there
        self.readings = 0  # requests that will come: their bodies are being read
        self.failure: BaseException | None = None  # set when the batcher itself broke: liveness must fail

    # ── the four verbs ──

    def admit(self, rows: int, size_bytes: int, patience_s: float) -> None:
        """Refuse at the door what the queue cannot take, or what would still wait when its time is up.

        A server that is offered twice what it can do must not spend itself on work that nobody waits for any more.
        The estimate may use up `WAIT_SHARE` of the patience; the rest is for its own error.

        Args:
            rows: rows of the request, or one if they have not been counted yet.
            size_bytes: bytes of its body.
            patience_s: seconds until its deadline.

        Raises:
            Overloaded: when the queue cannot take it; `retry_after_s` is the wait that was estimated.
            ModelFailed: when the batcher has broken.
        """
        if self.failure is not None:
            raise ModelFailed("The model cannot answer.")
        waiting = self.queued_rows
        if waiting + rows > self._max_queue_rows:
            beside = f" beside {waiting}" if waiting else ""
            raise self._full(f"at most {self._max_queue_rows} waiting rows", f"{rows}{beside}")
        if not waiting:
            return
        if self.queued_bytes + size_bytes > self._max_queue_bytes:
            raise self._full(
                f"at most {self._max_queue_bytes} waiting bytes", f"{size_bytes} beside {self.queued_bytes}"
            )
        wait_s, limit_s = self.wait_s, WAIT_SHARE * patience_s
        if wait_s > limit_s:
            raise self._full(f"a wait of at most {limit_s:.3g} s", f"about {wait_s:.3g} s", "wait")

    @property
    def wait_s(self) -> float:
        """Estimate when a newcomer is answered: after the turns of the rows before it, and its own.

        Where runs happen on the loop, it has waited for about a turn already, in its socket.
        """
        ahead = self.queued_rows - self._beyond_rows
        turns = ahead // self._max_batch_rows + (1 if self._executor is not None else 2)
        return turns * self.pace.turn_s

    @property
    def crowded(self) -> bool:
        """True when more waits than the next run takes: worth asking `admit` before any work on a request."""
        return self.queued_rows >= self._max_batch_rows or self.failure is not None

    def submit(self, work: Work) -> None:
        """Queue `work`; its end arrives through `resolve` or `reject`.

        Raises:
            Overloaded, ModelFailed: as `admit`.
        """
        rows = self.queued_rows + work.size
        size_bytes = self.queued_bytes + work.size_bytes
        deadline = work.deadline
        hasty = WAIT_SHARE * (deadline - work.submitted) < 2 * self.pace.turn_s
        if hasty or rows > self._easy_rows or size_bytes > self._max_queue_bytes:
            self.admit(work.size, work.size_bytes, deadline - work.submitted)
            self._beyond_rows += self._beyond(work)
        self.queued_rows = rows
        self.queued_bytes = size_bytes
        self._queue.append(work)
        if deadline < self._next_check:
            self._watch(deadline)
        if not self._busy:
            self._wake()

    def cancel(self, work: Work) -> None:
        """Drop `work`: its caller has left. A run under way goes on for the others."""
        if not work.done:
            work.done = True
            if work.taken < work.size:
                self._beyond_rows -= self._beyond(work)
                self.queued_rows -= work.size - work.taken
                self.queued_bytes -= work.size_bytes
                self._gone += 1
                if self._gone > SWEEP_WORKS and 2 * self._gone > len(self._queue):
                    self._loop.call_soon(self._sweep)  # not now: a turn may be walking along the queue

    def _beyond(self, work: Work) -> int:
        """Rows of a waiting work that are left for later turns than its next."""
        return max(0, work.size - work.taken - self._max_batch_rows)

    def _sweep(self) -> None:
        """Let go of what nobody waits for: behind a run that hangs, callers would come and go without end."""
        if self._gone:
            self._queue = deque([work for work in self._queue if not work.done])
            self._gone = 0

    @property
    def under_way(self) -> int:
        """How many requests are read, wait or run; who has left counts until its rows are out of the run."""
        running = len(self._running)
        if running and self._running[-1][0].taken < self._running[-1][0].size:
            running -= 1  # the rest of it waits, and counts there
        return len(self._queue) - self._gone + len(self._suspects) + running + self.readings

    def check_thread(self) -> None:
        """Break if the thread of a run under way is no more: then its end would never come."""
        number = self._run_thread
        if self.run_started is not None and number is not None and not _alive(number):
            self._break(RuntimeError("The thread of the run is gone."))

    def _full(self, expected: str, received: str, reason: Reason = "queue_full") -> Overloaded:
        self.pace.refused()
        message = f"The queue is full: expected {expected}. Received: {received}. Try again later."
        return Overloaded(message, retry_after_s=max(1, math.ceil(self.wait_s)), reason=reason)

    @property
    def idle(self) -> bool:
        """True when nothing waits, nothing runs and nothing is about to come."""
        return not (self._busy or self._queue or self._suspects or self.readings)

    @property
    def quick(self) -> bool:
        """True when runs happen on the loop: an answer comes before a caller could be seen to leave."""
        return self._executor is None

    # ── a turn: take, run, settle ──

    def _wake(self) -> None:
        if self._max_delay_s and self.queued_rows < self._max_batch_rows:
            if self._delay is None:
                self._delay = self._loop.call_later(self._max_delay_s, self._turn)
            return
        if self._delay is not None:
            self._delay.cancel()  # the batch is full: no more waiting
            self._delay = None
        self._busy = True
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Run one batch; the next turn comes after the loop has served its sockets again."""
        self._delay = None
        self._busy = True
        if self._still_filling():
            self._loop.call_soon(self._turn)
            return
        try:
            batch = self._take()
            if not batch:
                self._busy = False
                self.pace.rest()
            elif self._executor is None:
                self._run_here(batch)
            else:
                self._running = batch
                self.run_started = started = monotonic()
                self._run_thread = None
                future = self._loop.run_in_executor(self._executor, self._attempt_there, batch)
                future.add_done_callback(lambda done: self._ran(batch, started, done))
        except BaseException as error:
            self._break(error)
            raise

    def _still_filling(self) -> bool:
        """True while each turn of a busy loop brings company, where the loop itself runs the model.

        Nobody waits for it: the loop is at work on those requests. A lone request runs at once.
        """
        waiting, before = len(self._queue), self._seen
        self._seen = waiting
        return self._executor is None and waiting > max(before, 1) and self.queued_rows < self._max_batch_rows

    def _run_here(self, batch: list[tuple[Work, Sequence[Any]]]) -> None:
        """Run on the loop, batch after batch, until nothing waits or the sockets have waited long enough."""
        first = monotonic()
        while batch:
            self._running = batch
            started = monotonic()
            self._settle(batch, started, _attempt(self._run, batch))
            batch = self._take() if monotonic() - first < TURN_MAX_S else []
        self._go_on()

    def _attempt_there(self, batch: list[tuple[Work, Sequence[Any]]]) -> Any:
        self._run_thread = threading.get_native_id()
        return _attempt(self._run, batch)

    def _ran(self, batch: list[tuple[Work, Sequence[Any]]], started: float, future: "asyncio.Future[Any]") -> None:
        if self.failure is not None:
            return  # it had been given up
        self.run_started = None
        self.longest_run_s = max(self.longest_run_s, monotonic() - started)
        try:
            self._settle(batch, started, future.result())
            self._go_on()
        except BaseException as error:
            self._break(error)
            raise

    def _take(self) -> list[tuple[Work, Sequence[Any]]]:
        """Form a batch: one suspect alone, or what waits, of one key, up to the row limit."""
        while self._suspects:
            suspect = self._suspects.popleft()
            if not suspect[0].done:
                return [suspect]
        batch: list[tuple[Work, Sequence[Any]]] = []
        queue, room, size_bytes = self._queue, self._max_batch_rows, 0
        now = monotonic()
        key: Hashable = self  # until the first has given its own; no work has this one
        self._seen = 0
        while room and queue:
            work = queue.popleft()
            if work.done or (work.deadline <= now and self._expired(work, now)):
                self._gone -= 1
                continue
            if work.key != key:
                if batch:
                    queue.appendleft(work)
                    break
                key = work.key
            size = work.size
            if work.taken or size > room:
                piece = self._cut(work, room)
                room -= len(piece)
            else:  # all of it, as most work is taken
                piece, work.taken = work.rows, size
                room -= size
                size_bytes += work.size_bytes
            batch.append((work, piece))
        self.queued_rows -= self._max_batch_rows - room
        self.queued_bytes -= size_bytes
        return batch

    def _cut(self, work: Work, room: int) -> Sequence[Any]:
        """Take up to `room` rows of `work`; what is left goes to the back of the queue."""
        piece = work.rows[work.taken : work.taken + room]
        self._beyond_rows -= self._beyond(work)
        work.taken += len(piece)
        self._beyond_rows += self._beyond(work)
        if work.taken < work.size:
            self._queue.append(work)
        else:
            self.queued_bytes -= work.size_bytes
        return piece

    def _settle(self, batch: list[tuple[Work, Sequence[Any]]], started: float, outcome: Any) -> None:
        """Give the answers to their callers, or set the pieces of a failed batch apart."""
        now = monotonic()
        self.ran_from, self.ran_to = started, now
        self._observer.ran(
            sum([len(piece) for _, piece in batch]), now - started, [started - work.submitted for work, _ in batch]
        )
        if isinstance(outcome, list):
            self._hand_out(batch, outcome)
        elif len(batch) > 1:
            log.warning("A batch of %d requests failed; each runs alone now.", len(batch), exc_info=outcome)
            self._observer.retried()
            self._suspects.extend(batch)
        else:
            log.error("A run failed.", exc_info=outcome)
            self._fail(batch[0][0], ModelFailed("The model failed on this request."))
        self.pace.ran(started, now, backlog=bool(self._queue or self._suspects))
        self._running = []  # only now: if any of this breaks, `_break` still finds every caller

    def _go_on(self) -> None:
        if self._queue or self._suspects:
            self._loop.call_soon(self._turn)
        else:
            self._busy = False

    def _hand_out(self, batch: list[tuple[Work, Sequence[Any]]], outcome: list[Sequence[Any]]) -> None:
        for (work, piece), answers in zip(batch, outcome, strict=True):
            if work.done:
                continue
            try:
                if piece is work.rows:
                    work.done = True
                    work.resolve(answers)
                else:
                    self._join(work, answers)
            except Exception:  # who fails to take its answer must not take those of the others with it
                log.exception(FAILED_TO_TAKE)

    def _join(self, work: Work, answers: Sequence[Any]) -> None:
        """Keep the answers to a piece until there are those to all of them."""
        parts = work.answers = work.answers or []
        parts.append(answers)
        if work.taken == work.size == sum([len(part) for part in parts]):
            work.done = True
            work.resolve(work.join(parts))

    # ── deadlines ──

    def _watch(self, deadline: float) -> None:
        """Keep one timer, at the earliest deadline; it costs nothing while answers come in time."""
        if self._timer is not None:
            self._timer.cancel()
        self._next_check = deadline
        self._timer = self._loop.call_later(deadline - monotonic() + CLOCK_TICK_S, self._expire)

    def _expire(self) -> None:
        """Reject whatever is past its deadline, waiting or running, and set the timer for the next."""
        self._timer = None
        self._next_check = NEVER
        now = monotonic()
        open_work = [w for w in self._outstanding() if not w.done and not self._expired(w, now)]
        if open_work:
            self._watch(min(work.deadline for work in open_work))

    def _expired(self, work: Work, now: float) -> bool:
        if now < work.deadline:
            return False
        self._fail(work, DeadlineExceeded("The deadline passed before the answer was there."))
        return True

    def _outstanding(self) -> list[Work]:
        return [*self._queue, *(work for work, _ in self._suspects), *(work for work, _ in self._running)]

    # ── ends without an answer ──

    def _fail(self, work: Work, error: RequestError) -> None:
        if not work.done:
            self.cancel(work)
            try:
                work.reject(error)
            except Exception:
                log.exception(FAILED_TO_TAKE)

    def _break(self, error: BaseException) -> None:
        """The batcher itself is wrong: tell every caller and let liveness fail; never hang them."""
        self.failure, self._easy_rows = error, -1  # from now on each must ask
        self.run_started = None
        for work in self._outstanding():
            self._fail(work, ModelFailed("The model cannot answer."))
        self._queue.clear()
        self._gone = 0
        self._suspects.clear()


def _attempt(run: Run, batch: list[tuple[Work, Sequence[Any]]]) -> Any:
    """Return the answers, or the exception; an answer for each row is part of the contract."""
    pieces = [piece for _, piece in batch]
    try:
        outcome = run(pieces)
        wanted, found = list(map(len, pieces)), list(map(len, outcome))
        if wanted != found:
            raise ValueError(f"Invalid answers of the model: expected {wanted} rows. Received: {found}.")
        return outcome
    except Exception as error:
        return error


def _alive(thread: int) -> bool:
    """Whether this process has a thread of that number, as far as the system says."""
    return (THREADS / str(thread)).exists() or not THREADS.exists()
