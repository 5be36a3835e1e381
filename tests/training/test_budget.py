import re

import pytest

from training.budget import USUAL, Budget, parse


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("0.5", USUAL),
        ("0", Budget(quality_points=0.0)),
        ("0.25pt", Budget(quality_points=0.25)),
        ("quality=0.5pt,latency_ms=1,size_kb=200", Budget(0.5, 1.0, 200.0)),
        ("size_kb=64", Budget(size_kb=64.0)),
        (" latency_ms=0.05 , quality=1 ", Budget(1.0, latency_ms=0.05)),
    ],
)
def test_points_and_limits_are_read_and_written_alike(text: str, budget: Budget) -> None:
    assert parse(text) == budget
    assert parse(str(budget)) == budget


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("much", "'much'"),
        ("-1", "'-1'"),
        ("nan", "'nan'"),
        ("", "''"),
        ("speed=1", "'speed=1'"),
        ("quality=0.5pt,size_kb", "'size_kb'"),
        ("size_kb=200kb", "'size_kb=200kb'"),
        ("latency_ms=0", "'latency_ms=0'"),
        ("size_kb=1,size_kb=2", "'size_kb=2'"),
    ],
)
def test_a_mistake_is_named_with_what_would_fit(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=re.escape("quality=0.5pt,latency_ms=1,size_kb=200")) as error:
        parse(text)
    assert named in str(error.value)


def test_only_limits_that_fp32_may_break_are_explicit() -> None:
    assert not parse("0.1").explicit
    assert parse("size_kb=9").explicit
    assert parse("latency_ms=9").explicit
