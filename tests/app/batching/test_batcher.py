"""Batches are formed from what waits, and no caller can take another's answer away."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.batching.batcher import Batcher
from app.batching.queue import SWEEP_WORKS, Limits
from app.batching.work import Work
from app.errors import DeadlineExceeded, ModelFailed, Overloaded, RequestError
from tests.support import serving

Pieces = list[Sequence[Any]]


class Caller(Work, kw_only=True):
    """Keeps how its request ended: the answers or the error, and how often."""

    end: asyncio.Future[list[Any] | RequestError]
    ends: int = 0

    def resolve(self, answers: list[Any]) -> None:
        self._finish(list(answers))

    def reject(self, error: RequestError) -> None:
        self._finish(error)

    def _finish(self, outcome: list[Any] | RequestError) -> None:
        self.ends += 1
        if not self.end.done():
            self.end.set_result(outcome)


class CallerThatRaises(Caller):
    """Fails to take its answer."""

    def resolve(self, answers: list[Any]) -> None:
        super().resolve(answers)
        raise RuntimeError("this caller cannot take its answer")


def calling(
    rows: Sequence[Any],
    *,
    deadline: float = float("inf"),
    key: Hashable = None,
    size_bytes: int = 0,
    form: type[Caller] = Caller,
) -> Caller:
    end: asyncio.Future[list[Any] | RequestError] = asyncio.get_running_loop().create_future()
    now = monotonic()
    return form(rows=rows, size=len(rows), submitted=now, deadline=deadline, key=key, size_bytes=size_bytes, end=end)


class Tally:
    """Counts what the batcher tells of itself."""

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.waits: list[float] = []
        self.retries = 0

    def ran(self, rows: int, run_s: float, waited_s: list[float]) -> None:
        self.runs.append(rows)
        self.waits += waited_s

    def retried(self) -> None:
        self.retries += 1


class ObserverThatRaises(Tally):
    """Stands for a bug in the batcher's own turn."""

    def ran(self, rows: int, run_s: float, waited_s: list[float]) -> None:
        raise RuntimeError("the observer is broken")


class Recording:
    """Answers each row with itself, marked, and keeps the pieces of each run."""

    def __init__(self) -> None:
        self.batches: list[Pieces] = []

    def __call__(self, pieces: Pieces) -> Pieces:
        self.batches.append(pieces)
        return [[("answer", row) for row in piece] for piece in pieces]


class FailingOn(Recording):
    """Fails whenever a bad row is in the batch."""

    def __init__(self, bad: Any) -> None:
        super().__init__()
        self.bad = bad

    def __call__(self, pieces: Pieces) -> Pieces:
        answers = super().__call__(pieces)
        if any(row == self.bad for piece in pieces for row in piece):
            raise ValueError("a bad row")
        return answers


class Gated(FailingOn):
    """Waits in each run until the gate opens; `entered` counts the runs that began."""

    def __init__(self, bad: Any = None) -> None:
        super().__init__(bad)
        self.gate = threading.Event()
        self.entered = threading.Semaphore(0)

    def __call__(self, pieces: Pieces) -> Pieces:
        self.entered.release()
        assert self.gate.wait(serving.PATIENCE_S)
        return super().__call__(pieces)

    async def until_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, timeout=serving.PATIENCE_S)


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def make(
    run: Callable[[Pieces], Pieces],
    *,
    most: int = 4,
    queue: int = 1000,
    observer: Tally | None = None,
    executor: Executor | None = None,
    queue_bytes: int = 2**28,
    requests: int | None = None,
    delay_s: float = 0.0,
) -> Batcher:
    limits = Limits(most, queue, queue_bytes, requests)
    return Batcher(run, limits, observer=observer or Tally(), executor=executor, max_delay_s=delay_s)


async def end_of(caller: Caller) -> list[Any] | RequestError:
    async with asyncio.timeout(serving.PATIENCE_S):
        return await caller.end


async def until_idle(batcher: Batcher) -> None:
    await serving.until(lambda: batcher.idle)


def answers_to(rows: Any) -> list[Any]:
    return [("answer", row) for row in rows]


# ── forming batches ──


async def test_what_waits_is_one_batch() -> None:
    """Requests of one turn of the loop run together, each with its own answers."""
    run = Recording()
    batcher = make(run)
    callers = [calling([1]), calling([2, 3]), calling([4])]
    for caller in callers:
        batcher.submit(caller)
    assert [await end_of(c) for c in callers] == [answers_to(c.rows) for c in callers]
    assert run.batches == [[[1], [2, 3], [4]]]


async def test_a_lone_request_runs_alone_at_once() -> None:
    """An idle engine waits for nobody."""
    run = Recording()
    batcher = make(run)
    for row in range(3):
        caller = calling([row])
        batcher.submit(caller)
        assert await end_of(caller) == answers_to([row])
    assert [len(batch) for batch in run.batches] == [1, 1, 1]


async def test_what_arrives_during_a_run_is_the_next_batch(executor: Executor) -> None:
    """While a run is under way the queue gathers, and then goes in one run."""
    run = Gated()
    batcher = make(run, executor=executor)
    first, later = calling([0]), [calling([row]) for row in (1, 2, 3)]
    batcher.submit(first)
    await run.until_entered()
    for caller in later:
        batcher.submit(caller)
    assert batcher.queue.rows == 3
    run.gate.set()
    for caller in [first, *later]:
        assert await end_of(caller) == answers_to(caller.rows)
    assert run.batches == [[[0]], [[1], [2], [3]]]


async def test_keys_are_not_mixed() -> None:
    """A run holds work of one key, in the order of arrival."""
    run = Recording()
    batcher = make(run)
    callers = [calling([n], key=key) for n, key in enumerate("aabba")]
    for caller in callers:
        batcher.submit(caller)
    for caller in callers:
        assert await end_of(caller) == answers_to(caller.rows)
    assert run.batches == [[[0], [1]], [[2], [3]], [[4]]]


async def test_larger_work_is_cut_and_joined_in_order() -> None:
    """A request larger than a run gets its answers in order; no run exceeds the limit."""
    tally = Tally()
    batcher = make(Recording(), most=4, observer=tally)
    caller = calling(range(11))
    batcher.submit(caller)
    assert await end_of(caller) == answers_to(range(11))
    assert tally.runs == [4, 4, 3]


async def test_larger_work_does_not_starve_the_small() -> None:
    """After each piece the rest goes to the back of the queue."""
    ends: list[str] = []
    run = Recording()
    batcher = make(run, most=4)
    large, small = calling(range(100)), calling(["small"])
    large.end.add_done_callback(lambda _: ends.append("large"))
    small.end.add_done_callback(lambda _: ends.append("small"))
    batcher.submit(large)
    batcher.submit(small)
    assert await end_of(small) == answers_to(["small"])
    assert await end_of(large) == answers_to(range(100))
    await asyncio.sleep(0)
    assert ends == ["small", "large"]
    assert run.batches[1][0] == ["small"]  # right after the first piece


async def test_two_large_requests_take_turns() -> None:
    """Neither of two large requests waits for the whole of the other."""
    run = Recording()
    batcher = make(run, most=2)
    one, two = calling(range(6)), calling(range(100, 106))
    batcher.submit(one)
    batcher.submit(two)
    assert await end_of(one) == answers_to(range(6))
    assert await end_of(two) == answers_to(range(100, 106))
    assert [list(batch[0]) for batch in run.batches[:4]] == [[0, 1], [100, 101], [2, 3], [102, 103]]


async def test_the_observer_learns_rows_and_waits() -> None:
    """Each run is told once, with one wait for each piece."""
    tally = Tally()
    batcher = make(Recording(), most=4, observer=tally)
    callers = [calling([1, 2]), calling([3]), calling([4, 5])]
    for caller in callers:
        batcher.submit(caller)
    for caller in callers:
        await end_of(caller)
    assert tally.runs == [4, 1]
    assert len(tally.waits) == 4
    assert all(wait >= 0 for wait in tally.waits)


# ── waiting for company, where it is asked for ──


async def test_a_delay_gathers_company_until_the_batch_is_full() -> None:
    """With a delay an idle engine waits, and a full batch ends the wait."""
    run = Recording()
    batcher = make(run, most=3, delay_s=3600)
    callers = [calling([row]) for row in range(3)]
    for caller in callers:
        batcher.submit(caller)
        await asyncio.sleep(0)
    for caller in callers:
        assert await end_of(caller) == answers_to(caller.rows)
    assert run.batches == [[[0], [1], [2]]]


async def test_a_delay_ends_without_company() -> None:
    """The delay is the most that a lone request waits."""
    batcher = make(Recording(), delay_s=0.001)
    for row in range(2):
        caller = calling([row])
        batcher.submit(caller)
        assert await end_of(caller) == answers_to([row])
    assert batcher.idle


# ── refusing at the door ──


async def test_a_full_queue_refuses_at_the_door(executor: Executor) -> None:
    """What does not fit is refused with both numbers; what waits is answered, and the count returns to zero."""
    run = Gated()
    batcher = make(run, queue=5, executor=executor)
    running, waiting = calling([0]), calling([1, 2, 3])
    batcher.submit(running)
    await run.until_entered()
    batcher.submit(waiting)
    with pytest.raises(Overloaded, match=r"at most 5 waiting rows. Received: 3 beside 3") as refusal:
        batcher.submit(calling([4, 5, 6]))
    assert refusal.value.status == 429
    assert refusal.value.headers == (("retry-after", "1"),)
    fits = calling([4, 5])
    batcher.submit(fits)
    assert batcher.queue.rows == 5
    run.gate.set()
    for caller in (running, waiting, fits):
        assert await end_of(caller) == answers_to(caller.rows)
    assert batcher.queue.rows == 0


async def test_the_queue_is_bounded_in_bytes_too(executor: Executor) -> None:
    """Few but heavy rows are refused as well; a request heavier than the bound may wait alone."""
    run = Gated()
    batcher = make(run, executor=executor, queue_bytes=100)
    running, heavy = calling([0], size_bytes=500), calling([1], size_bytes=500)
    batcher.submit(running)
    await run.until_entered()
    batcher.submit(heavy)
    with pytest.raises(Overloaded, match=r"at most 100 waiting bytes. Received: 1 beside 500"):
        batcher.submit(calling([2], size_bytes=1))
    run.gate.set()
    for caller in (running, heavy):
        assert await end_of(caller) == answers_to(caller.rows)
    assert batcher.queue.size_bytes == 0


# ── callers that leave ──


async def test_cancel_while_queued(executor: Executor) -> None:
    """Work whose caller left is not run, its rows are free at once, and its neighbours are answered."""
    run = Gated()
    batcher = make(run, queue=3, executor=executor)
    running, gone, stays = calling([0]), calling([1, 2]), calling([3])
    batcher.submit(running)
    await run.until_entered()
    batcher.submit(gone)
    batcher.submit(stays)
    batcher.cancel(gone)
    assert batcher.queue.rows == 1
    joins = calling([4, 5])
    batcher.submit(joins)
    run.gate.set()
    for caller in (running, stays, joins):
        assert await end_of(caller) == answers_to(caller.rows)
    assert run.batches == [[[0]], [[3], [4, 5]]]
    assert (gone.ends, batcher.queue.rows) == (0, 0)


async def test_cancel_while_running(executor: Executor) -> None:
    """A caller that leaves a running batch takes nobody's answer with it."""
    run = Gated()
    batcher = make(run, executor=executor)
    callers = [calling([row]) for row in range(4)]
    for caller in callers:
        batcher.submit(caller)
    await run.until_entered()
    batcher.cancel(callers[1])
    run.gate.set()
    for caller in (callers[0], callers[2], callers[3]):
        assert await end_of(caller) == answers_to(caller.rows)
    assert (callers[1].ends, batcher.queue.rows) == (0, 0)


async def test_cancel_of_large_work_partly_taken(executor: Executor) -> None:
    """The pieces not yet taken are dropped, and their rows leave the count."""
    run = Gated()
    batcher = make(run, most=4, executor=executor)
    large, small = calling(range(10), size_bytes=7), calling(["small"])
    batcher.submit(large)
    await run.until_entered()
    batcher.submit(small)
    assert (batcher.queue.rows, batcher.queue.size_bytes) == (7, 7)
    batcher.cancel(large)
    batcher.cancel(large)
    assert (batcher.queue.rows, batcher.queue.size_bytes) == (1, 0)
    run.gate.set()
    assert await end_of(small) == answers_to(["small"])
    assert run.batches == [[range(4)], [["small"]]]
    assert (large.ends, batcher.queue.rows) == (0, 0)


async def test_cancel_of_a_suspect(executor: Executor) -> None:
    """Work that waits to be run alone after a failure can be cancelled as well."""
    run = Gated(bad="bad")
    batcher = make(run, executor=executor)
    callers = [calling(["bad"]), calling([1]), calling([2])]
    for caller in callers:
        batcher.submit(caller)
    await run.until_entered()
    batcher.cancel(callers[1])
    run.gate.set()
    assert isinstance(await end_of(callers[0]), ModelFailed)
    assert await end_of(callers[2]) == answers_to([2])
    assert [[1]] not in run.batches
    assert callers[1].ends == 0


async def test_cancel_after_the_answer_changes_nothing() -> None:
    """The count stays exact when a caller leaves after its answer."""
    batcher = make(Recording())
    caller = calling([1])
    batcher.submit(caller)
    await end_of(caller)
    batcher.cancel(caller)
    assert batcher.queue.rows == 0


# ── failing runs ──


async def test_when_a_batch_fails_only_the_bad_request_fails() -> None:
    """The pieces of a failed batch run alone; those without fault are answered."""
    tally = Tally()
    batcher = make(FailingOn("bad"), observer=tally)
    callers = [calling([1]), calling(["bad"]), calling([2, 3])]
    for caller in callers:
        batcher.submit(caller)
    assert await end_of(callers[0]) == answers_to([1])
    assert await end_of(callers[2]) == answers_to([2, 3])
    failed = await end_of(callers[1])
    assert isinstance(failed, ModelFailed)
    assert "bad row" not in str(failed)
    assert (tally.retries, tally.runs) == (1, [4, 1, 1, 2])
    assert batcher.failure is None


async def test_the_batcher_lives_on_after_a_failure() -> None:
    """A model's error belongs to its request."""
    batcher = make(FailingOn("bad"))
    for rows in (["bad"], [1], ["bad"], [2]):
        caller = calling(rows)
        batcher.submit(caller)
        outcome = await end_of(caller)
        assert isinstance(outcome, ModelFailed) if rows == ["bad"] else outcome == answers_to(rows)
    assert batcher.idle


async def test_a_bad_row_in_a_later_piece_fails_its_request_once() -> None:
    """Of a large request with a bad row nothing more is run, and it is told once."""
    run = FailingOn(6)
    batcher = make(run, most=4)
    large, small = calling(range(20)), calling(["small"])
    batcher.submit(large)
    batcher.submit(small)
    assert await end_of(small) == answers_to(["small"])
    assert isinstance(await end_of(large), ModelFailed)
    await until_idle(batcher)
    assert (large.ends, batcher.queue.rows) == (1, 0)
    assert all(12 not in piece for batch in run.batches for piece in batch)


async def test_pieces_stay_in_order_when_a_neighbour_fails() -> None:
    """A large request that shared a batch with a bad one still gets its answers in order."""
    batcher = make(FailingOn("bad"), most=4)
    bad, large = calling(["bad"]), calling(range(9))
    batcher.submit(bad)
    batcher.submit(large)
    assert await end_of(large) == answers_to(range(9))
    assert isinstance(await end_of(bad), ModelFailed)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda pieces: [answers_to(piece)[:-1] for piece in pieces],
        lambda pieces: [[*answers_to(piece), "one more"] for piece in pieces],
        lambda pieces: [answers_to(piece) for piece in pieces][:-1],
        lambda pieces: [],
        lambda pieces: None,
    ],
    ids=["too few", "too many", "a piece less", "none", "nothing"],
)
async def test_a_wrong_number_of_answers_fails_the_request(wrong: Callable[[Pieces], Pieces]) -> None:
    """Answers that do not fit the rows are never handed out."""
    batcher = make(wrong)
    callers = [calling([1]), calling([2, 3])]
    for caller in callers:
        batcher.submit(caller)
    for caller in callers:
        assert isinstance(await end_of(caller), ModelFailed)
        assert caller.ends == 1
    assert batcher.failure is None


async def test_a_caller_that_raises_harms_nobody() -> None:
    """The others of the batch get their answers, and the batcher goes on."""
    batcher = make(Recording())
    callers = [calling([1]), calling([2], form=CallerThatRaises), calling([3])]
    for caller in callers:
        batcher.submit(caller)
    for caller in callers:
        assert await end_of(caller) == answers_to(caller.rows)
    assert batcher.failure is None
    again = calling([4])
    batcher.submit(again)
    assert await end_of(again) == answers_to([4])


# ── deadlines ──


async def test_a_deadline_that_passed_before_the_run() -> None:
    """Expired work is not run; its neighbour is."""
    run = Recording()
    batcher = make(run)
    late, in_time = calling([1], deadline=monotonic() - 1), calling([2])
    batcher.submit(late)
    batcher.submit(in_time)
    assert isinstance(await end_of(late), DeadlineExceeded)
    assert await end_of(in_time) == answers_to([2])
    assert run.batches == [[[2]]]
    assert batcher.queue.rows == 0


async def test_a_deadline_while_queued(executor: Executor) -> None:
    """Caller work is rejected when its deadline passes, though the engine is busy; the others are not."""
    run = Gated()
    batcher = make(run, executor=executor)
    running, late, patient = calling([0]), calling([1], deadline=monotonic() + 0.01), calling([2])
    batcher.submit(running)
    await run.until_entered()
    batcher.submit(late)
    batcher.submit(patient)
    assert isinstance(await end_of(late), DeadlineExceeded)
    assert batcher.queue.rows == 1
    run.gate.set()
    assert await end_of(running) == answers_to([0])
    assert await end_of(patient) == answers_to([2])
    assert (late.ends, batcher.queue.rows) == (1, 0)


async def test_a_deadline_while_running(executor: Executor) -> None:
    """Running work is rejected once when its deadline passes; its neighbour in the batch is answered."""
    run = Gated()
    batcher = make(run, executor=executor)
    late, patient = calling([1], deadline=monotonic() + 0.01), calling([2])
    batcher.submit(late)
    batcher.submit(patient)
    await run.until_entered()
    assert isinstance(await end_of(late), DeadlineExceeded)
    run.gate.set()
    assert await end_of(patient) == answers_to([2])
    await until_idle(batcher)
    assert late.ends == 1


async def test_the_earliest_deadline_is_watched(executor: Executor) -> None:
    """A later request with an earlier deadline does not wait for the first one's, again and again."""
    run = Gated()
    batcher = make(run, executor=executor)
    patient = calling([0], deadline=monotonic() + 3600)
    batcher.submit(patient)
    await run.until_entered()
    for n in (1, 2):
        late = calling([n], deadline=monotonic() + 0.01)
        batcher.submit(late)
        assert isinstance(await end_of(late), DeadlineExceeded)
    run.gate.set()
    assert await end_of(patient) == answers_to([0])


async def test_a_deadline_of_large_work_partly_taken(executor: Executor) -> None:
    """The pieces not yet taken are dropped with it."""
    run = Gated()
    batcher = make(run, executor=executor)
    large = calling(range(10), deadline=monotonic() + 0.5)
    batcher.submit(large)
    await run.until_entered()
    assert isinstance(await end_of(large), DeadlineExceeded)
    assert batcher.queue.rows == 0
    run.gate.set()
    await until_idle(batcher)
    assert (large.ends, len(run.batches)) == (1, 1)


# ── a broken batcher ──


@pytest.mark.parametrize("threaded", [False, True])
async def test_a_broken_batcher_rejects_everybody(threaded: bool, executor: Executor) -> None:
    """When its own turn fails nobody hangs, `failure` is set and the door is shut."""
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["exception"]))
    batcher = make(Recording(), most=2, observer=ObserverThatRaises(), executor=executor if threaded else None)
    callers = [calling([n]) for n in range(5)]
    for caller in callers:
        batcher.submit(caller)
    for caller in callers:
        assert isinstance(await end_of(caller), ModelFailed)
        assert caller.ends == 1
    assert isinstance(batcher.failure, RuntimeError)
    assert batcher.failure in complaints
    with pytest.raises(ModelFailed):
        batcher.submit(calling([9]))


async def test_a_batcher_whose_threads_are_gone_rejects_everybody(executor: Executor) -> None:
    """A run that cannot be started is a failure of the batcher, told to the callers."""
    asyncio.get_running_loop().set_exception_handler(lambda _, context: None)
    executor.shutdown()
    batcher = make(Recording(), executor=executor)
    caller = calling([1])
    batcher.submit(caller)
    assert isinstance(await end_of(caller), ModelFailed)
    assert isinstance(batcher.failure, RuntimeError)


# ── properties ──


@settings(max_examples=75, deadline=None)
@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=30),
    st.integers(1, 9),
    st.booleans(),
    st.sets(st.integers(0, 29)),
    st.sets(st.integers(0, 29)),
)
def test_batched_equals_single(sizes: list[int], most: int, threaded: bool, leaving: set[int], bad: set[int]) -> None:
    """Whatever the sizes and the limit, whoever fails or leaves: each caller gets its own answers, once."""

    async def go() -> None:
        with ThreadPoolExecutor(1) as pool:
            tally = Tally()

            def run(pieces: Pieces) -> Pieces:
                if any(caller in bad for piece in pieces for caller, _ in piece):
                    raise ValueError("a bad row")
                return [answers_to(piece) for piece in pieces]

            batcher = make(run, most=most, observer=tally, executor=pool if threaded else None)
            callers = [calling([(n, row) for row in range(size)]) for n, size in enumerate(sizes)]
            for caller in callers:
                batcher.submit(caller)
            for n in leaving & set(range(len(callers))):
                batcher.cancel(callers[n])
            for n, caller in enumerate(callers):
                if n in leaving:
                    continue
                outcome = await end_of(caller)
                assert isinstance(outcome, ModelFailed) if n in bad else outcome == answers_to(caller.rows)
            await until_idle(batcher)
            assert [caller.ends for caller in callers] == [int(n not in leaving) for n in range(len(callers))]
            assert batcher.queue.rows == 0
            assert all(rows <= most for rows in tally.runs)

    asyncio.run(go())


@pytest.mark.parametrize("size", [1, 3, 4, 5, 7, 8, 9, 12])
@pytest.mark.parametrize("threaded", [False, True])
async def test_sizes_around_the_limit(size: int, threaded: bool, executor: Executor) -> None:
    """Around every multiple of the limit, alone and in company, answers are whole and in order."""
    batcher = make(Recording(), most=4, executor=executor if threaded else None)
    callers = [calling([(n, row) for row in range(size)]) for n in range(3)]
    for caller in callers:
        batcher.submit(caller)
    for caller in callers:
        assert await end_of(caller) == answers_to(caller.rows)


@pytest.mark.parametrize("threaded", [False, True])
async def test_thousands_of_callers_never_get_anothers_answer(threaded: bool, executor: Executor) -> None:
    """Five thousand concurrent callers, some large, some leaving: every answer is the asker's own."""
    chance = random.Random(20)
    tally = Tally()
    batcher = make(Recording(), most=16, queue=10**6, observer=tally, executor=executor if threaded else None)

    async def one(n: int) -> bool:
        caller = calling([(n, row) for row in range(chance.choice((1, 1, 1, 2, 15, 16, 17, 40)))])
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        batcher.submit(caller)
        if n % 10 == 0:
            await asyncio.sleep(0)
            batcher.cancel(caller)
            return caller.ends == 0 or caller.end.result() == answers_to(caller.rows)
        return await caller.end == answers_to(caller.rows) and caller.ends == 1

    async with asyncio.timeout(serving.PATIENCE_S * 3):
        assert all(await asyncio.gather(*(one(n) for n in range(5000))))
    await until_idle(batcher)
    assert (batcher.queue.rows, batcher.queue._beyond_rows) == (0, 0)
    assert max(tally.runs) == 16


# ── refusing what would wait too long ──


async def test_what_would_wait_too_long_is_refused_at_the_door(executor: Executor) -> None:
    """The wait is the turns that the waiting rows fill, and one's own; six tenths of the patience may go into it."""
    run = Gated()
    batcher = make(run, executor=executor)  # four rows a turn
    batcher.pace.turn_s = 1.0  # as if each turn had taken a second so far
    first, waiting = calling([0]), calling([1, 2, 3, 4, 5])
    batcher.submit(first)
    await run.until_entered()
    crowded_before = batcher.queue.crowded
    batcher.submit(waiting)
    assert (crowded_before, batcher.queue.crowded) == (False, True)
    batcher.queue.admit(1, 0, patience_s=5.0)
    with pytest.raises(Overloaded, match=r"expected a wait of at most 1.8 s. Received: about 2 s") as refused:
        batcher.queue.admit(1, 0, patience_s=3.0)
    assert refused.value.retry_after_s == 2
    run.gate.set()
    assert await end_of(waiting) == answers_to([1, 2, 3, 4, 5])


async def test_a_run_on_the_loop_costs_a_turn_in_the_socket(executor: Executor) -> None:
    """While the loop runs the model nobody reads; a thread leaves it free to."""
    for batcher, turns in ((make(Recording(), executor=executor), 1), (make(Recording()), 2)):
        batcher.pace.turn_s = 1.0
        assert batcher.queue.wait_s == turns


async def test_a_large_request_is_waited_for_by_the_piece(executor: Executor) -> None:
    """After each piece it goes to the back, so that a newcomer waits for one of them; whatever becomes of it."""
    run = Gated()
    batcher = make(run, executor=executor)  # four rows a turn
    batcher.pace.turn_s = 1.0
    first, large, left = calling([0]), calling(list(range(40))), calling(list(range(9)))
    for caller in (first, large, left):
        batcher.submit(caller)
    await run.until_entered()
    assert (batcher.queue.rows, batcher.queue.wait_s) == (46, 3)  # a piece of each, and one's own
    batcher.cancel(left)
    assert batcher.queue.wait_s == 2
    batcher.queue.admit(1, 0, patience_s=4.0)
    run.gate.set()
    await end_of(large)
    await until_idle(batcher)
    assert (batcher.queue.rows, batcher.queue._beyond_rows) == (0, 0)


async def test_an_empty_queue_refuses_nobody_for_the_pace() -> None:
    """After the slowest turn the next request still has its chance."""
    batcher = make(Recording())
    batcher.pace.turn_s = 1e6
    caller = calling([1], deadline=monotonic() + serving.PATIENCE_S)
    batcher.submit(caller)
    assert await end_of(caller) == answers_to([1])


async def test_the_pace_follows_the_runs(executor: Executor) -> None:
    """It starts at nothing and is learned from what ran."""
    batcher = make(Recording(), executor=executor)
    assert batcher.pace.turn_s == 0
    caller = calling([1])
    batcher.submit(caller)
    await end_of(caller)
    assert batcher.pace.turn_s > 0


async def test_a_busy_loop_fills_the_batch() -> None:
    """Where the loop runs the model, a batch takes in those whom the same busy turns bring."""
    run = Recording()
    batcher = make(run, most=8)
    loop = asyncio.get_running_loop()
    callers = [calling([n]) for n in range(6)]
    for caller in callers[:2]:
        batcher.submit(caller)
    loop.call_soon(batcher.submit, callers[2])
    loop.call_soon(batcher.submit, callers[3])
    for caller in callers[:4]:
        await end_of(caller)
    assert run.batches == [[[0], [1], [2], [3]]]


# ── who does not wait any more ──


async def test_behind_a_run_that_hangs_nothing_piles_up(executor: Executor) -> None:
    """Callers come, give up and go; their rows go with them, and who stays is answered in order."""
    run = Gated()
    batcher = make(run, executor=executor, queue=1000)
    first, stays = calling([0]), [calling([1]), calling([2])]
    batcher.submit(first)
    await run.until_entered()
    batcher.submit(stays[0])
    for row in range(3000):
        gone = calling([row])
        batcher.submit(gone)
        batcher.cancel(gone)
        await asyncio.sleep(0)
        assert len(batcher.queue) <= 2 * SWEEP_WORKS
    batcher.submit(stays[1])
    assert (batcher.under_way, batcher.queue.rows) == (3, 2)
    run.gate.set()
    for caller in (first, *stays):
        assert await end_of(caller) == answers_to(caller.rows)
    await until_idle(batcher)
    assert (batcher.under_way, len(batcher.queue), batcher.queue._gone) == (0, 0, 0)


async def test_those_that_expire_in_the_queue_are_counted_once() -> None:
    """Whether a turn or the clock finds them first."""
    run = Recording()
    batcher = make(run)
    late = [calling([n], deadline=monotonic() - 1) for n in range(5)]
    for caller in late:
        with contextlib.suppress(Overloaded):
            batcher.submit(caller)
    good = calling([7])
    batcher.submit(good)
    assert await end_of(good) == answers_to([7])
    await until_idle(batcher)
    assert (batcher.under_way, batcher.queue._gone, batcher.queue.rows) == (0, 0, 0)


async def test_how_long_the_longest_run_took(executor: Executor) -> None:
    """And since when one is under way; neither is known before the first."""
    run = Gated()
    batcher = make(run, executor=executor)
    assert (batcher.run_started, batcher.longest_run_s) == (None, 0.0)
    caller = calling([1])
    before = monotonic()
    batcher.submit(caller)
    await run.until_entered()
    assert before <= (batcher.run_started or 0.0) <= monotonic()
    batcher.check_thread()  # it is there
    assert batcher.failure is None
    run.gate.set()
    await end_of(caller)
    assert batcher.run_started is None
    assert 0 < batcher.longest_run_s <= monotonic() - before
