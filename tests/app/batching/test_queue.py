"""What waits is let in, taken in order and let go, and the counts follow; no loop and no engine is needed."""

from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batching.queue import SWEEP_WORKS, Limits, WorkQueue
from app.batching.turn_time import Pace
from app.batching.work import Work
from app.errors import ModelFailed, Overloaded

LATER = float("inf")


def rows_in(rows: Any) -> list[Any]:
    return list(rows)


def make(*, batch: int = 4, rows: int = 1000, size_bytes: int = 2**20, turns: int = 1) -> tuple[WorkQueue, Pace]:
    pace = Pace(batch)
    return WorkQueue(Limits(batch, rows, size_bytes), pace, turns), pace


def work(*rows: Any, deadline: float = LATER, key: str = "", size_bytes: int = 1) -> Work:
    return Work(rows=rows, size=len(rows), submitted=monotonic(), deadline=deadline, key=key, size_bytes=size_bytes)


def never(work: Work, now: float) -> bool:
    raise AssertionError("nothing of these expires")


def taken(queue: WorkQueue) -> list[Any]:
    return [piece for _, piece in queue.take(never)]


def drop(queue: WorkQueue, work: Work) -> bool:
    work.done = True
    return queue.drop(work)


def test_first_come_first_served_up_to_the_rows_of_a_batch() -> None:
    queue, _ = make(batch=3)
    for row in range(5):
        queue.put(work(row))
    assert (len(queue), queue.alive, queue.rows, queue.size_bytes) == (5, 5, 5, 5)
    assert taken(queue) == [(0,), (1,), (2,)]
    assert taken(queue) == [(3,), (4,)]
    assert taken(queue) == []
    assert (len(queue), queue.alive, queue.rows, queue.size_bytes) == (0, 0, 0, 0)


def test_a_batch_ends_before_another_key() -> None:
    queue, _ = make()
    for row, key in enumerate(("a", "a", "b", "a")):
        queue.put(work(row, key=key))
    assert [taken(queue) for _ in range(3)] == [[(0,), (1,)], [(2,)], [(3,)]]


def test_the_rest_of_what_was_cut_goes_to_the_back() -> None:
    """It weighs what it weighed until its last row is taken."""
    queue, _ = make(batch=2)
    queue.put(work(0, 1, 2, size_bytes=30))
    queue.put(work(9, size_bytes=1))
    assert taken(queue) == [(0, 1)]
    assert (queue.rows, queue.size_bytes) == (2, 31)
    assert taken(queue) == [(9,), (2,)]
    assert (queue.rows, queue.size_bytes) == (0, 0)


def test_what_was_dropped_is_passed_over() -> None:
    """What of it ran is no matter of the queue any more."""
    queue, _ = make(batch=2)
    large, left, stays = work(0, 1, 2, 3, 4), work(5), work(6)
    for each in (large, left, stays):
        queue.put(each)
    assert taken(queue) == [(0, 1)]
    assert not drop(queue, large)
    assert not drop(queue, left)
    assert (queue.alive, queue.rows, queue.size_bytes) == (1, 1, 1)
    assert taken(queue) == [(6,)]
    assert not drop(queue, stays)  # it is in a run
    assert (len(queue), queue.alive, queue.rows, queue.size_bytes) == (0, 0, 0, 0)


@pytest.mark.parametrize(("staying", "leaving"), [(1, SWEEP_WORKS + 1), (SWEEP_WORKS + 99, SWEEP_WORKS + 100)])
def test_it_asks_to_be_swept_when_most_of_it_is_gone(staying: int, leaving: int) -> None:
    queue, _ = make(batch=staying)
    stays, left = ([work(row) for row in range(number)] for number in (staying, leaving))
    for each in stays + left:
        queue.put(each)
    assert [drop(queue, each) for each in left] == [False] * (leaving - 1) + [True]
    queue.sweep()
    assert list(queue) == stays
    assert len(queue.take(never)) == staying


def test_who_is_past_its_deadline_is_told_and_passed_over() -> None:
    queue, _ = make()
    late, good = work(1, deadline=monotonic() - 1), work(2)
    told = []

    def expired(each: Work, now: float) -> bool:
        told.append(each)
        assert now >= each.deadline
        drop(queue, each)
        return True

    queue.put(late)
    queue.put(good)
    assert [piece for _, piece in queue.take(expired)] == [(2,)]
    assert told == [late]
    assert (queue.alive, queue.rows, queue.size_bytes) == (0, 0, 0)


def test_it_is_bounded_in_rows_and_in_bytes() -> None:
    """What is refused leaves no trace; alone, what is heavier than the bound may wait."""
    queue, _ = make(rows=5, size_bytes=10)
    with pytest.raises(Overloaded, match=r"expected at most 5 waiting rows\. Received: 6\."):
        queue.put(work(*range(6)))
    queue.put(work(1, size_bytes=11))
    with pytest.raises(Overloaded, match=r"at most 10 waiting bytes\. Received: 1 beside 11\."):
        queue.put(work(2))
    with pytest.raises(Overloaded, match=r"at most 5 waiting rows\. Received: 5 beside 1\."):
        queue.put(work(*range(5), size_bytes=0))
    assert (queue.rows, queue.size_bytes, len(queue)) == (1, 11, 1)


def test_who_has_a_share_of_the_limits_is_refused_before_others() -> None:
    """In rows, bytes and time; where nothing waits, the rows are bounded as for everybody."""
    queue, pace = make(batch=2, rows=10, size_bytes=10)
    queue.admit(10, 1, LATER, 0.5)
    queue.put(work(*range(4), size_bytes=4))
    queue.admit(1, 1, LATER, 0.5)
    for rows, size_bytes, found in ((2, 1, "at most 5 waiting rows"), (1, 2, "at most 5 waiting bytes")):
        queue.admit(rows, size_bytes, LATER)
        with pytest.raises(Overloaded, match=found):
            queue.admit(rows, size_bytes, LATER, 0.5)
    pace.turn_s = 1.0  # two turns: a wait of 2 s
    queue.admit(1, 1, 6.0)
    with pytest.raises(Overloaded, match=r"a wait of at most 1.8 s"):
        queue.admit(1, 1, 6.0, 0.5)


def test_what_would_wait_too_long_is_refused() -> None:
    """The turns of the rows before it and its own, of six tenths of its time; an empty queue refuses nobody."""
    queue, pace = make(turns=2)
    pace.turn_s = 1.0
    queue.put(work(0, deadline=monotonic() + 0.1))
    assert queue.wait_s == 2
    queue.admit(1, 0, patience_s=3.4)
    with pytest.raises(Overloaded, match=r"a wait of at most 1.8 s\. Received: about 2 s") as refused:
        queue.put(work(1, deadline=monotonic() + 3.0))
    assert (refused.value.reason, refused.value.retry_after_s) == ("wait", 2)


def test_a_newcomer_waits_for_a_piece_of_a_large_work() -> None:
    queue, pace = make()
    pace.turn_s = 1.0
    large = work(*range(12))
    queue.put(large)
    assert queue.wait_s == 2
    queue.put(work(1))
    assert queue.wait_s == 2
    drop(queue, large)
    assert queue.wait_s == 1


def test_crowded_is_what_the_next_run_cannot_take() -> None:
    """Or all that may wait, where that is less."""
    for batch, rows, most in ((3, 100, 3), (8, 2, 2)):
        queue, _ = make(batch=batch, rows=rows)
        for row in range(most):
            assert not queue.crowded
            queue.put(work(row))
        assert queue.crowded


def test_once_it_is_closed_nobody_is_let_in() -> None:
    queue, _ = make()
    left = work(1)
    queue.put(left)
    drop(queue, left)
    queue.close()
    assert (len(queue), queue.crowded) == (0, True)
    for each in (work(), work(1)):
        with pytest.raises(ModelFailed):
            queue.put(each)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 9), st.sampled_from("ab")),
        st.tuples(st.just("take"), st.just(0), st.just("")),
        st.tuples(st.just("drop"), st.integers(0, 30), st.just("")),
        st.tuples(st.just("sweep"), st.just(0), st.just("")),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 5))
def test_the_counts_are_those_of_what_waits(steps: list[tuple[str, int, str]], batch: int) -> None:
    """Whatever comes, goes and is taken; each row is taken once, and no batch is too large or of two keys."""
    queue, _ = make(batch=batch)
    works: list[Work] = []
    rows_taken: list[Any] = []
    for verb, number, key in steps:
        if verb == "put":
            works.append(work(*((len(works), row) for row in range(number)), key=key, size_bytes=number))
            queue.put(works[-1])
        elif verb == "take":
            pieces = queue.take(never)
            rows_taken += [row for _, piece in pieces for row in rows_in(piece)]
            assert sum(len(piece) for _, piece in pieces) <= batch
            assert len({each.key for each, _ in pieces}) <= 1
            assert not any(each.done for each, _ in pieces)
        elif verb == "drop" and number < len(works) and not works[number].done:
            drop(queue, works[number])
        elif verb == "sweep":
            queue.sweep()
        waiting = [each for each in works if not each.done and each.taken < each.size]
        assert queue.alive == len(waiting)
        assert queue.rows == sum(each.size - each.taken for each in waiting)
        assert queue.size_bytes == sum(each.size_bytes for each in waiting)
        assert queue._beyond_rows == sum(max(0, each.size - each.taken - batch) for each in waiting)
    assert len(rows_taken) == len(set(rows_taken))
    while queue.rows:
        rows_taken += [row for _, piece in queue.take(never) for row in rows_in(piece)]
    assert {row for each in works if not each.done for row in rows_in(each.rows)} <= set(rows_taken)
