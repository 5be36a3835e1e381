"""The sum of all bodies: who has room, who waits, and that all of it is given back."""

import asyncio
import random

import pytest

from app.errors import Overloaded
from app.http.byte_budget import DEFAULT_BYTES, LINE_SHARE, SMALL_BYTES, ByteBudget, Hold, limit_of

LIMIT = 1600 * SMALL_BYTES // 100  # sixteen small bodies
LARGE = 4 * SMALL_BYTES


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_body_is_held_until_it_is_given_back_once() -> None:
    budget = ByteBudget(LIMIT)
    hold = budget.take(5000)
    assert hold is not None
    assert budget.used_bytes == 5000
    hold.resize(3000)  # less came than was announced
    assert budget.used_bytes == 3000
    hold.end()
    hold.end()
    assert budget.used_bytes == 0


def test_large_bodies_leave_a_quarter_to_the_small() -> None:
    budget = ByteBudget(LIMIT)
    large = [budget.take(LARGE) for _ in range(4)]
    assert [hold is None for hold in large] == [False, False, False, True]
    small = [budget.take(SMALL_BYTES) for _ in range(5)]
    assert [hold is None for hold in small] == [False] * 4 + [True]
    assert budget.used_bytes == LIMIT


def test_the_small_keep_their_quarter_whatever_is_counted_anyway() -> None:
    """Answers that nobody reads, and bodies that grow while they are unpacked, are over the limit at times."""
    budget = ByteBudget(LIMIT)
    budget.charge(3 * LIMIT)
    assert budget.take(LIMIT // 4) is not None  # a small body's size is at most that
    assert budget.take(1) is not None
    budget.give(3 * LIMIT)


def test_small_bodies_may_take_what_large_ones_left() -> None:
    budget = ByteBudget(LIMIT)
    holds = [budget.take(SMALL_BYTES) for _ in range(17)]
    assert [hold is None for hold in holds] == [False] * 16 + [True]


def test_one_large_body_is_taken_whatever_the_limit() -> None:
    budget = ByteBudget(LIMIT)
    first = budget.take(2 * LIMIT)
    assert first is not None
    assert budget.take(LARGE) is None
    first.end()
    assert budget.take(LARGE) is not None


def test_a_small_body_that_grew_counts_as_large() -> None:
    """Or a few that unpack to much would use up what is kept for the small."""
    budget = ByteBudget(LIMIT)
    hold = budget.take(100)
    assert hold is not None
    hold.resize(LIMIT)
    assert budget.take(SMALL_BYTES) is not None
    assert budget.take(LARGE) is None


async def test_those_in_line_are_served_in_their_order() -> None:
    budget = ByteBudget(LIMIT)
    held = [budget.take(LARGE) for _ in range(3)]
    waiting = [budget.line(LARGE, 1000) for _ in range(3)]
    await turns()
    assert not any(place.done() for place in waiting)
    assert budget.used_bytes == 3 * LARGE + 3000
    _end(held[0])
    await turns()
    assert [place.done() for place in waiting] == [True, False, False]
    assert budget.used_bytes == 3 * LARGE + 2000  # what the first had brought is in its hold
    assert budget.take(LARGE) is None  # nobody is served before those in line
    budget.leave(waiting[1])
    _end(held[1])
    await turns()
    assert waiting[2].done()
    for hold in (held[2], waiting[0].result(), waiting[2].result()):
        _end(hold)
    assert budget.used_bytes == 0


async def test_what_those_in_line_have_brought_is_bounded() -> None:
    budget = ByteBudget(LIMIT)
    budget.take(LIMIT)
    part = LIMIT // LINE_SHARE // 2
    places = [budget.line(LARGE, part) for _ in range(2)]
    with pytest.raises(Overloaded, match="The memory for bodies is full") as refused:
        budget.line(LARGE, part)
    assert refused.value.reason == "memory"
    assert refused.value.headers == (("retry-after", "1"),)
    places.append(budget.line(LARGE))  # one that has brought nothing takes nothing
    for place in places:
        budget.leave(place)
    await turns()
    assert budget.used_bytes == LIMIT


async def test_what_the_others_in_line_have_brought_keeps_nobody_waiting() -> None:
    """One alone is served, although another in line has a large piece here."""
    budget = ByteBudget(LIMIT)
    hold = budget.take(2 * LIMIT)
    places = [budget.line(2 * LIMIT, SMALL_BYTES) for _ in range(2)]
    _end(hold)
    await turns()
    assert [place.done() for place in places] == [True, False]
    budget.leave(places[0])
    await turns()
    assert places[1].done()


async def test_a_grant_that_is_not_fetched_is_given_back() -> None:
    budget = ByteBudget(LIMIT)
    hold = budget.take(LIMIT)
    place = budget.line(LARGE)
    _end(hold)
    await turns()
    assert place.done()
    budget.leave(place)  # its client left in the same turn
    assert budget.used_bytes == 0


async def test_waiting_ends_with_a_hold_or_in_time_without() -> None:
    budget = ByteBudget(LIMIT)
    first = await budget.wait(LIMIT, 0, 0)
    with pytest.raises(Overloaded):
        await budget.wait(LARGE, 100, 0)
    await turns()
    assert budget.used_bytes == LIMIT
    second = asyncio.ensure_future(budget.wait(LARGE, 100, 60))
    third = asyncio.ensure_future(budget.wait(LARGE, 100, 60))
    await turns()
    third.cancel()  # its client has left
    first.end()
    assert (await second).size_bytes == LARGE
    await turns()
    assert budget.used_bytes == LARGE
    budget.charge(LIMIT)
    with pytest.raises(Overloaded):
        await budget.wait(LARGE, 0, 0)


async def test_a_small_body_never_waits() -> None:
    budget = ByteBudget(LIMIT)
    holds = [budget.take(SMALL_BYTES) for _ in range(16)]
    with pytest.raises(Overloaded):
        await budget.wait(SMALL_BYTES, 0, 60)
    for hold in holds:
        _end(hold)


@pytest.mark.parametrize("seed", range(50))
async def test_nothing_is_left_after_any_sequence(seed: int) -> None:
    """Takes, waits, growth, grants and losses in any order: the bound holds, and in the end nothing is used."""
    some = random.Random(seed)
    budget = ByteBudget(LIMIT)
    holds: list[Hold] = []
    places: list[asyncio.Future[Hold]] = []
    for _ in range(300):
        match some.randrange(6):
            case 0 | 1:
                hold = budget.take(some.choice((100, SMALL_BYTES, LARGE)))
                holds += [] if hold is None else [hold]
            case 2:
                with_here = some.choice((0, 1000))
                places.append(budget.line(LARGE, with_here))
            case 3 if holds:
                holds.pop(some.randrange(len(holds))).end()
            case 4 if places:
                budget.leave(places.pop(some.randrange(len(places))))
            case _:
                await turns(some.randrange(3))
                holds += [place.result() for place in places if place.done()]
                places = [place for place in places if not place.done()]
        assert 0 <= budget.used_bytes <= LIMIT + LIMIT // 4 + LIMIT // LINE_SHARE
    for hold in holds:
        hold.end()
    for place in places:
        budget.leave(place)
    await turns()
    assert budget.used_bytes == 0
    assert budget.take(LIMIT) is not None  # nobody is left in line


@pytest.mark.parametrize(
    ("asked", "memory", "workers", "limit"),
    [
        (None, 2**29, 1, 2**26),
        (None, 2**29, 2, 2**25),
        (None, None, 1, DEFAULT_BYTES),
        (None, 2**26, 1, 2**24),  # never less than a body
        (None, 2**26, 4, 2**24),
        (2**27, 2**29, 2, 2**26),
        (2**20, None, 1, 2**20),
        (2**20, None, 64, 4 * SMALL_BYTES),  # or no small body would have room
    ],
)
def test_the_limit_is_a_part_of_the_memory(asked: int | None, memory: int | None, workers: int, limit: int) -> None:
    assert limit_of(asked, memory, workers, 2**24) == limit


def _end(hold: Hold | None) -> None:
    assert hold is not None
    hold.end()
