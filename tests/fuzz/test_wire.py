"""A sample of what `python -m tests.fuzz.wire` sends by the million."""

from pathlib import Path

import pytest

from tests.fuzz import wire
from tests.fuzz.mutations import Maker


@pytest.mark.parametrize("door", ["protocol", "asgi", "grpc"])
def test_fuzzed_requests_end_well(door: str, tmp_path: Path) -> None:
    """Each is answered or its connection closed, good ones between them rightly; nothing is logged as an error."""
    wire.write_models(tmp_path / "models")
    tally = wire.fuzz(door, 800, 1, tmp_path)
    assert tally.examples >= 800
    assert tally.statuses[200] > 50
    assert door == "grpc" or (tally.right > 20 and tally.statuses[400] > 50)


def test_a_seed_makes_the_same() -> None:
    one, other, third = Maker(3), Maker(3), Maker(4)
    assert (
        [one.broken() for _ in range(20)] == [other.broken() for _ in range(20)] != [third.broken() for _ in range(20)]
    )


def test_answers_are_told_apart() -> None:
    first = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx-content-length: 9\r\ncontent-length: 2\r\n\r\nab"
    assert list(wire.parsed(first + b"HTTP/1.1 204 No\r\n\r\n")) == [(200, b"ab"), (204, b"")]
    with pytest.raises(wire.Fault, match="no answer"):
        list(wire.parsed(b"junk"))
