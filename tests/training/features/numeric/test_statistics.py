import numpy as np
import pytest

from training.columns.summaries import NumberSummary
from training.features.numeric.statistics import describe, exact, recut


def test_numbers_are_described_without_their_gaps() -> None:
    found = describe(np.array([1.0, 2.0, 3.0, np.nan]), 2)
    assert (found.minimum, found.maximum, found.mean, found.median) == (1.0, 3.0, 2.0, 2.0)
    assert found.missing_share == 0.25


def test_a_column_that_training_never_saw_filled_is_described() -> None:
    found = describe(np.full(4, np.nan), 2)
    assert (found.deviation, found.missing_share) == (0, 1)


def test_a_value_that_is_everywhere_takes_one_piece_of_the_range() -> None:
    """Nine tenths zeros: plain quantiles would leave almost no edge among the other values."""
    edges = describe(np.concatenate([np.zeros(900), np.arange(1, 101)]), 20).edges
    assert (edges[0], edges[-1]) == (0, 100)
    assert len(edges) >= 10


@pytest.mark.parametrize("rows", [12, 100, 5000])
def test_pieces_hold_enough_rows(rows: int) -> None:
    assert 2 <= len(describe(np.arange(rows) / 7, 48).edges) <= min(49, rows // 10 + 1)


def test_of_numbers_that_need_it_all_rows_and_a_sample_are_exact_doubles() -> None:
    values = 1.7e12 + np.random.default_rng(0).integers(0, 60_000, 5000)
    of = NumberSummary(rounded=True)
    for piece in np.split(values, [100, 4000]):
        of.add(piece)
    found, whole = exact(describe(values[:500], 4), of), describe(values, 4)
    assert found.double
    assert whole.double
    assert (found.minimum, found.maximum) == (whole.minimum, whole.maximum) == (values.min(), values.max())
    assert found.mean - 1.7e12 == pytest.approx(whole.mean - 1.7e12, abs=1e-3)
    assert found.deviation == pytest.approx(values.std())


def test_a_sample_gives_quantiles_and_all_rows_the_rest() -> None:
    values = np.random.default_rng(0).normal(size=5000)
    values[::10] = np.nan
    of = NumberSummary(rounded=True)
    of.add(values)
    found, whole = exact(describe(values[:500], 4), of), describe(values, 4)
    assert found.edges[1:-1] == describe(values[:500], 4).edges[1:-1]
    assert (found.edges[0], found.edges[-1]) == (whole.minimum, whole.maximum)
    assert found.mean == pytest.approx(whole.mean)
    assert found.deviation == pytest.approx(whole.deviation)
    assert found.missing_share == pytest.approx(0.1)
    again = recut(found, describe(values[:500], 8))
    assert len(again.edges) == 9
    assert (again.mean, again.edges[0], again.edges[-1]) == (found.mean, found.edges[0], found.edges[-1])
