"""Large bodies are read a step a turn, in order; who leaves, is late or is wrong holds up nobody behind it."""

import asyncio
import gc
from collections.abc import Iterable
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest

from app.errors import DeadlineExceeded, InvalidInput, Overloaded
from app.http.byte_budget import ByteBudget
from app.http.handler import Ticket
from app.protocols.incremental import Reading, Readings, Steps
from tests.support import serving


class Queued:
    """What the last step of a request gives."""

    quick = True
    started, submitted, size = 1.0, 2.0, 3

    def __init__(self, model: Any) -> None:
        self.model = model
        self.answer = "an answer"
        self.cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


class Asked:
    """A request of some steps, what became of it, and of all of them in one list."""

    def __init__(
        self, name: str, steps: int, seen: list[str], error: Exception | None = None, patience_s: float = 30.0
    ) -> None:
        self.model: Any = SimpleNamespace(batcher=SimpleNamespace(readings=0))  # all that is asked of one
        self.queued = Queued(self.model)
        self.faults: list[Exception] = []
        self.left = 0
        now = monotonic()
        model: Any = self.model
        self.reading = Reading(
            model,
            self._steps(name, range(steps), seen, error),
            started=now,
            deadline=now + patience_s,
            size_bytes=10,
            failed=self.faults.append,
            left=self._leave,
            hold=ByteBudget().hold(0),
        )

    def _steps(self, name: str, steps: Iterable[int], seen: list[str], error: Exception | None) -> Steps:
        for step in steps:
            assert not gc.isenabled()
            seen.append(f"{name}{step}")
            yield
        seen.append(f"{name}!")
        assert not self.model.batcher.readings  # or it would be counted twice once it is queued
        if error is not None:
            raise error
        return self.queued

    def _leave(self) -> None:
        self.left += 1


async def turn(count: int = 1) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_takes_one_step_is_queued_at_once() -> None:
    asked = Asked("a", 0, [])
    assert Readings().begin(asked.reading) is asked.queued
    assert gc.isenabled()


async def test_a_step_a_turn_first_come_first_served() -> None:
    """The first step of each is made at once; between two others the loop has turned."""
    seen: list[str] = []
    line = Readings()
    a, b = Asked("a", 2, seen), Asked("b", 1, seen)
    assert line.begin(a.reading) is a.reading
    line.begin(b.reading)
    assert (a.model.batcher.readings, b.model.batcher.readings) == (1, 1)
    steps = []
    for _ in range(5):
        steps.append("".join(seen))
        seen.clear()
        await turn()
        seen.append(" ")
    assert [made.strip() for made in steps] == ["a0b0", "a1", "a!", "b!", ""]
    assert (a.model.batcher.readings, b.model.batcher.readings) == (0, 0)


async def test_its_ticket_passes_on_what_the_queued_one_knows() -> None:
    asked = Asked("a", 1, [])
    ticket: Ticket = Readings().begin(asked.reading)
    assert (ticket.model, ticket.submitted, ticket.size, ticket.quick) == (asked.model, 0.0, 0, False)
    await turn()
    assert (ticket.submitted, ticket.size, asked.reading.answer) == (2.0, 3, "an answer")
    ticket.cancel()
    assert (asked.queued.cancelled, asked.left) == (1, 0)


async def test_who_leaves_is_read_no_further() -> None:
    seen: list[str] = []
    line = Readings()
    a, b, c = (Asked(name, 3, seen) for name in "abc")
    for asked in (a, b, c):
        line.begin(asked.reading)
    await turn()
    a.reading.cancel()
    c.reading.cancel()
    c.reading.cancel()  # once is enough
    await turn(6)
    assert seen == ["a0", "b0", "c0", "a1", "b1", "b2", "b!"]
    assert [asked.left for asked in (a, b, c)] == [1, 0, 1]
    assert [asked.model.batcher.readings for asked in (a, b, c)] == [0, 0, 0]
    late = Asked("d", 1, seen)  # the line is as good as new
    line.begin(late.reading)
    await turn()
    assert seen[-1] == "d!"


async def test_one_step_a_turn_also_when_the_line_was_empty_for_a_moment() -> None:
    seen: list[str] = []
    line = Readings()
    a, b = Asked("a", 9, seen), Asked("b", 9, seen)
    line.begin(a.reading)
    a.reading.cancel()
    line.begin(b.reading)
    await turn(2)
    assert seen == ["a0", "b0", "b1", "b2"]
    b.reading.cancel()


@pytest.mark.parametrize("error", [InvalidInput((), "a", "b"), ValueError("a bug")])
async def test_a_fault_is_told_once_and_the_next_is_read(error: Exception) -> None:
    seen: list[str] = []
    line = Readings()
    a, b = Asked("a", 1, seen, error), Asked("b", 1, seen)
    line.begin(a.reading)
    line.begin(b.reading)
    await turn(3)
    assert a.faults == [error]
    assert a.model.batcher.readings == 0
    assert seen[-1] == "b!"
    a.reading.cancel()
    assert a.left == 0


async def test_a_fault_in_the_first_step_is_raised() -> None:
    asked = Asked("a", 0, [], InvalidInput((), "a", "b"))
    with pytest.raises(InvalidInput):
        Readings().begin(asked.reading)
    assert gc.isenabled()


async def test_who_waits_too_long_is_told_at_the_deadline() -> None:
    """Whoever is before it in line."""
    seen: list[str] = []
    line = Readings()
    endless, late = Asked("a", 10**9, seen), Asked("b", 1, seen, patience_s=0.05)
    line.begin(endless.reading)
    line.begin(late.reading)
    await serving.until(lambda: bool(late.faults))
    assert isinstance(late.faults[0], DeadlineExceeded)
    assert late.model.batcher.readings == 0
    assert not any(step.startswith("b1") for step in seen)
    endless.reading.cancel()


async def test_the_bodies_in_line_are_bounded() -> None:
    """But for one alone, which may be as large as it is."""
    seen: list[str] = []
    line = Readings(max_bytes=9)
    a, b = Asked("a", 1, seen), Asked("b", 1, seen)
    assert line.begin(a.reading) is a.reading
    with pytest.raises(Overloaded, match=r"at most 9 bytes of large bodies\. Received: 10 beside 10") as refused:
        line.begin(b.reading)
    assert refused.value.reason == "queue_full"
    assert b.model.batcher.readings == 0
    await turn()
    again = Asked("c", 1, seen)
    assert line.begin(again.reading) is again.reading
    await turn()
