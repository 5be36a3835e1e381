"""A run is bounded where rows differ in size: companions of a large row wait, and nobody is refused for it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.batching.area import RUN_ELEMENTS, spans
from app.batching.queue import Limits, WorkQueue
from app.batching.turn_time import Pace
from app.batching.work import Work
from tests.app.batching.test_queue import LATER, drop, never, rows_in, taken

LONG = RUN_ELEMENTS - 1
SIZES = st.lists(st.integers(0, 2 * RUN_ELEMENTS), max_size=40)


def make(batch: int = 8) -> WorkQueue:
    """Make a queue of rows that are their own sizes."""
    return WorkQueue(Limits(batch, 1000, elements=rows_in), Pace(batch), 1)


def work(*rows: int, size_bytes: int = 1) -> Work:
    return Work(rows=rows, size=len(rows), submitted=0.0, deadline=LATER, key="", size_bytes=size_bytes)


def area(rows: list[int]) -> int:
    return len(rows) * max(rows)


@given(SIZES, st.integers(1, 10))
def test_spans_are_all_rows_each_as_large_as_may_be(sizes: list[int], most: int) -> None:
    found = list(spans(sizes, most))
    assert [at for span in found for at in span] == list(range(len(sizes)))
    for span in found:
        rows = sizes[span.start : span.stop]
        assert len(rows) == 1 or (len(rows) <= most and area(rows) <= RUN_ELEMENTS)
    for span, after in pairwise(found):
        rows = sizes[span.start : after.start + 1]
        assert len(rows) > most or area(rows) > RUN_ELEMENTS


@given(st.lists(SIZES.filter(len), max_size=10))
def test_no_run_is_larger_than_it_may_be_and_each_row_runs_once(bodies: list[list[int]]) -> None:
    queue = make()
    works = [work(*rows) for rows in bodies]
    for each in works:
        queue.put(each)
    answered: dict[int, list[int]] = {id(each): [] for each in works}
    while queue.rows:
        batch = queue.take(never)
        assert len({id(each) for each, _ in batch}) == len(batch)  # nobody twice
        rows = [row for _, piece in batch for row in rows_in(piece)]
        assert len(rows) == 1 or area(rows) <= RUN_ELEMENTS
        for each, piece in batch:
            answered[id(each)] += rows_in(piece)
    assert [answered[id(each)] for each in works] == bodies
    assert (queue.rows, queue.size_bytes, len(queue), queue.wait_s) == (0, 0, 0, 0)


def test_companions_of_a_large_row_wait_for_the_next_run() -> None:
    queue = make()
    for rows in [(1,), (LONG,), (2,), (3,)]:
        queue.put(work(*rows))
    assert [taken(queue) for _ in range(3)] == [[(1,)], [(LONG,)], [(2,), (3,)]]


def test_a_large_row_between_small_ones_is_cut_out() -> None:
    queue = make()
    queue.put(work(1, 2, LONG, 3, 4))
    queue.put(work(5))
    assert [taken(queue) for _ in range(4)] == [[(1, 2)], [(5,)], [(LONG,)], [(3, 4)]]


def test_the_wait_is_estimated_by_what_large_rows_take() -> None:
    queue = make()
    for _ in range(6):
        queue.put(work(LONG))
    queue._pace.turn_s = 0.1
    assert queue.wait_s > 0.5
    last = work(LONG)
    queue.put(last)
    waited = queue.wait_s
    drop(queue, last)
    assert queue.wait_s < waited
    while queue.rows:
        taken(queue)
    assert queue.wait_s == 0.1
