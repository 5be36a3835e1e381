"""Rates are of the last seconds that somebody looked; however many look, a version is looked at once a second."""

from typing import Any

import msgspec
import numpy as np
import pytest

from app.metrics.recent import Recent, quantile_ms
from app.metrics.version_totals import ANSWERED, PREVIEWS, REFUSED, ROWS, RUNS, Places

BOUNDS = np.array([0.001, 0.01, 0.1, np.inf])


class Counting:
    """Totals that a test sets, and how often they were read."""

    def __init__(self) -> None:
        self.places = Places(BOUNDS.tolist(), None)
        self.totals = np.zeros(self.places.size)
        self.reads = 0
        self.recent = Recent(("m", "1"), self.places, self._read)

    def _read(self) -> Any:
        self.reads += 1
        return self.totals.copy()

    def answer(self, count: int) -> None:
        self.totals[ANSWERED] += count
        self.totals[self.places.latency.start + 1] += count

    def look(self, now_s: float) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.recent.look(now_s))
        return found


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_the_first_look_has_nothing_to_compare_with(counting: Counting) -> None:
    counting.answer(1000)
    nothing = dict.fromkeys(("requests_per_s", "refused_per_s", "previews_per_s", "rows_per_batch", "drift"))
    assert counting.look(50.0) == {
        "model": "m", "version": 1, "window_s": 0.0, "latency_ms": {"p50": None, "p99": None}, **nothing,
    }  # fmt: skip


def test_rates_are_of_the_time_since_an_earlier_look(counting: Counting) -> None:
    counting.look(50.0)
    counting.answer(30)
    counting.totals[[REFUSED, PREVIEWS, RUNS, ROWS]] += (10, 6, 4, 50)
    found = counting.look(54.0)
    assert (found["window_s"], found["requests_per_s"], found["refused_per_s"]) == (4.0, 10.0, 2.5)
    assert (found["previews_per_s"], found["rows_per_batch"]) == (1.5, 12.5)
    assert found["latency_ms"] == {"p50": 5.5, "p99": 9.91}


def test_the_window_is_ten_seconds_where_people_look_often(counting: Counting) -> None:
    for now_s in range(100, 130):
        counting.answer(now_s)
        found = counting.look(float(now_s))
    assert (found["window_s"], found["requests_per_s"]) == (10.0, sum(range(120, 130)) / 10)


def test_a_look_of_long_ago_says_nothing_of_now(counting: Counting) -> None:
    counting.look(100.0)
    counting.answer(7)
    assert counting.look(160.0)["window_s"] == 60.0
    assert counting.look(221.0)["requests_per_s"] is None


def test_however_many_look_it_is_read_once_a_second(counting: Counting) -> None:
    first = [counting.look(100.0 + 0.09 * number) for number in range(10)]
    assert (counting.reads, first.count(first[0])) == (1, 10)
    counting.look(101.0)
    assert counting.reads == 2


def test_series_that_began_anew_have_no_rate(counting: Counting) -> None:
    """A version that was taken out and came back."""
    counting.answer(100)
    counting.look(100.0)
    counting.totals[:] = 0
    counting.answer(3)
    assert counting.look(105.0)["requests_per_s"] is None
    counting.answer(8)
    assert counting.look(109.0)["requests_per_s"] == 2.0


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ((0, 0, 0, 0), 0.5, None),
        ((4, 0, 0, 0), 0.5, 0.5),
        ((0, 10, 0, 0), 0.5, 5.5),
        ((50, 0, 50, 0), 0.75, 55.0),
        ((1, 0, 0, 1), 0.99, 100.0),  # beyond the last bound
    ],
)
def test_a_quantile_lies_between_the_bounds_of_its_bucket(
    counts: tuple[int, ...], share: float, expected: float | None
) -> None:
    assert quantile_ms(BOUNDS, np.array(counts, float), share) == expected
