"""Many `submit(rows)` -> few `run(batch)`.

    submit ─> queue ─> take ─> run ─> settle
                 ^               │
                 └── next turn ──┘

An idle engine runs at once; what arrives meanwhile is the next batch, so nobody ever waits for company.
What waits and what the next batch holds is `app.batching.queue`'s. Work that expired or was cancelled is
dropped before the run. When a batch fails, each of its pieces runs alone, so that only the bad one fails.
It knows neither HTTP nor ONNX: rows are anything with a length and slices.
"""

import asyncio
import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence, Sized
from concurrent.futures import Executor
from pathlib import Path
from time import monotonic  # uvloop's own clock ticks in milliseconds
from typing import Any, Protocol

from app.batching.concurrency_limit import queue_of
from app.batching.queue import Limits
from app.batching.turn_time import Pace
from app.batching.work import Piece, Work
from app.errors import DeadlineExceeded, ModelFailed, RequestError

NEVER = float("inf")
TURN_MAX_S = 0.005  # batches follow one another on the loop for this long before it looks at its sockets again
CLOCK_TICK_S = 0.001  # uvloop rounds timers to milliseconds; a timer must not fire before its deadline
FAILED_TO_TAKE = "A caller failed to take its answer."
THREADS = Path("/proc/self/task")  # of this process, by number, on Linux

log = logging.getLogger("slipway.batcher")

Run = Callable[[list[Any]], Sequence[Sized]]
"""Pieces of rows -> for each piece as many answers as it has rows."""


class Observer(Protocol):
    """What the batcher tells of itself; see `app.metrics.service_metrics`."""

    def ran(self, rows: int, run_s: float, waited_s: list[float]) -> None:
        """One run ended, well or not; `waited_s` holds each piece's time in the queue."""

    def retried(self) -> None: ...  # a batch failed, and its pieces run alone


class Batcher:
    """The turns of one engine, and what waits for them.

    It runs on the event loop, or in `executor` if there is one; an idle engine waits `max_delay_s` for company.
    """

    def __init__(
        self, run: Run, limits: Limits, *, observer: Observer, executor: Executor | None = None, max_delay_s: float = 0
    ) -> None:
        self._run = run
        self._max_batch_rows = limits.batch_rows
        self._max_delay_s = max_delay_s
        self._delay: asyncio.TimerHandle | None = None
        self._observer = observer
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._suspects: deque[Piece] = deque()  # pieces of a failed batch, to be run alone
        self._running: list[Piece] = []
        self._busy = False  # a run is under way, or a turn is next; while an idle engine waits for company, neither is
        self._timer: asyncio.TimerHandle | None = None
        self._next_check = NEVER
        self._seen = 0  # works that waited at the last turn
        self._run_thread: int | None = None  # the system's number of the thread that ran last
        self.pace = Pace(limits.batch_rows)
        this = weakref.proxy(self)  # the collector may be frozen: no circle, or it would stay for good
        self.queue = queue_of(limits, self.pace, 2 if executor is None else 1, lambda: this.under_way)
        self.ran_from = self.ran_to = 0.0  # the last run, on `time.monotonic`: that of whoever gets an answer just now
        self.run_started: float | None = None  # when the run under way in the executor began, on `time.monotonic`
        self.longest_run_s = 0.0  # of those that ended there
        self.readings = 0  # requests that will come: their bodies are being read
        self.failure: BaseException | None = None  # set when the batcher itself broke: liveness must fail

    # ── in, and out again ──

    def submit(self, work: Work) -> None:
        """Queue `work`, whose end arrives through `resolve` or `reject`; raises as `WorkQueue.admit`."""
        self.queue.put(work)
        if work.deadline < self._next_check:
            self._watch(work.deadline)
        if not self._busy:
            self._wake()

    def cancel(self, work: Work) -> None:
        """Drop `work`: its caller has left. A run under way goes on for the others."""
        if not work.done:
            work.done = True
            if self.queue.drop(work):
                self._loop.call_soon(self.queue.sweep)  # not now: a turn may be walking along the queue

    @property
    def under_way(self) -> int:
        """How many requests are read, wait or run; who has left counts until its rows are out of the run."""
        running = len(self._running)
        if running and self._running[-1][0].taken < self._running[-1][0].size:
            running -= 1  # the rest of it waits, and counts there
        return self.queue.alive + len(self._suspects) + running + self.readings

    def check_thread(self) -> None:
        """Break if the thread of a run under way is no more: then its end would never come."""
        number = self._run_thread
        if self.run_started is None or number is None or not THREADS.exists():
            return
        if not (THREADS / str(number)).exists():
            self._break(RuntimeError("The thread of the run is gone."))

    @property
    def idle(self) -> bool:
        """True when nothing waits, nothing runs and nothing is about to come."""
        return not (self._busy or self.queue or self._suspects or self.readings)

    @property
    def quick(self) -> bool:
        """True when runs happen on the loop: an answer comes before a caller could be seen to leave."""
        return self._executor is None

    # ── a turn: take, run, settle ──

    def _wake(self) -> None:
        if self._max_delay_s and self.queue.rows < self._max_batch_rows:
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
        waiting, before = len(self.queue), self._seen
        self._seen = waiting
        return self._executor is None and waiting > max(before, 1) and self.queue.rows < self._max_batch_rows

    def _run_here(self, batch: list[Piece]) -> None:
        """Run on the loop, batch after batch, until nothing waits or the sockets have waited long enough."""
        first = monotonic()
        while batch:
            self._running = batch
            started = monotonic()
            self._settle(batch, started, _attempt(self._run, batch))
            batch = self._take() if monotonic() - first < TURN_MAX_S else []
        self._go_on()

    def _attempt_there(self, batch: list[Piece]) -> Any:
        self._run_thread = threading.get_native_id()
        return _attempt(self._run, batch)

    def _ran(self, batch: list[Piece], started: float, future: "asyncio.Future[Any]") -> None:
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

    def _take(self) -> list[Piece]:
        """Form a batch: one suspect alone, or what waits."""
        while self._suspects:
            suspect = self._suspects.popleft()
            if not suspect[0].done:
                return [suspect]
        self._seen = 0
        return self.queue.take(self._expired)

    def _settle(self, batch: list[Piece], started: float, outcome: Any) -> None:
        """Give the answers to their callers, or set the pieces of a failed batch apart."""
        now = monotonic()
        self.ran_from, self.ran_to = started, now
        waited_s = [started - work.submitted for work, _ in batch]
        self._observer.ran(sum([len(piece) for _, piece in batch]), now - started, waited_s)
        if isinstance(outcome, list):
            self._hand_out(batch, outcome)
        elif len(batch) > 1:
            log.warning("A batch of %d requests failed; each runs alone now.", len(batch), exc_info=outcome)
            self._observer.retried()
            self._suspects.extend(batch)
        elif isinstance(outcome, RequestError):  # the caller's fault
            self._fail(batch[0][0], outcome)
        else:
            log.error("A run failed.", exc_info=outcome)
            self._fail(batch[0][0], ModelFailed("The model failed on this request."))
        self.pace.ran(started, now, backlog=bool(self.queue or self._suspects))
        self._running = []  # only now: if any of this breaks, `_break` still finds every caller

    def _go_on(self) -> None:
        if self.queue or self._suspects:
            self._loop.call_soon(self._turn)
        else:
            self._busy = False

    def _hand_out(self, batch: list[Piece], outcome: Sequence[Sized]) -> None:
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

    def _join(self, work: Work, answers: Sized) -> None:
        """Keep the answers to a piece until there are those to all of them."""
        parts = work.parts = work.parts or []
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
        return [*self.queue, *(work for work, _ in self._suspects), *(work for work, _ in self._running)]

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
        self.failure = error
        self.run_started = None
        for work in self._outstanding():
            self._fail(work, ModelFailed("The model cannot answer."))
        self.queue.close()
        self._suspects.clear()


def _attempt(run: Run, batch: list[Piece]) -> Any:
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
