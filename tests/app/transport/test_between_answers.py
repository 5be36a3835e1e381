"""What is broken in the turn between two pipelined answers must hold nobody up."""

from collections import deque
from typing import Any

from app.transport.fast_path import HotProtocol


def between_answers(*waiting: str, in_body: bool = False) -> Any:
    """Make a connection on which one answer has gone out, and the next is to be begun in the next turn."""
    protocol: Any = HotProtocol.__new__(HotProtocol)
    protocol.pipeline = deque(waiting)
    protocol.in_body, protocol._busy = in_body, False
    protocol.cycle = type("Cycle", (), {"response_complete": False, "message_event": type("Event", (), {"set": int})})
    return protocol


def test_those_that_wait_are_begun() -> None:
    """Taken for being answered they waited for ever; found by `python -m tests.fuzz.wire --seed 103`."""
    protocol = between_answers("last", "next")
    assert protocol.drop_broken()
    assert not protocol._busy


def test_where_nobody_waits_any_more_the_refusal_goes_out() -> None:
    protocol = between_answers("broken", in_body=True)
    assert not protocol.drop_broken()
    assert not protocol._busy
