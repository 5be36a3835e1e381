import numpy as np
import pytest

from tests.training.conftest import shares, values
from training.columns.arrays import Outputs, Rows
from training.evaluation.bootstrap import (
    FEWEST_RESAMPLES,
    MOST_CELLS,
    RESAMPLES,
    counts,
    interval,
    intervals,
    outside,
    resamples_for,
    weightings,
)
from training.tasks.label.classification import Classification
from training.tasks.value.regression import Regression

RIVAL = "hist_gradient_boosting"


def coins(rows: int, right: float, seed: int = 0) -> tuple[np.ndarray, Outputs]:
    """Labels, and answers of which a share is right."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, rows)
    said = np.where(random.random(rows) < right, y, 1 - y)
    return y, shares(np.where(np.arange(2) == said[:, None], 0.8, 0.2))


def test_an_interval_of_accuracy_is_that_of_the_binomial() -> None:
    y, outputs = coins(2000, 0.8)
    found = intervals(Classification(("a", "b")), Rows({}, y), outputs, outputs, RIVAL, seed=0).shipped["accuracy"]
    deviation = np.sqrt(0.8 * 0.2 / 2000)
    assert found.value == pytest.approx(0.8, abs=3 * deviation)
    assert found.high - found.value == pytest.approx(1.96 * deviation, rel=0.15)
    assert found.value - found.low == pytest.approx(1.96 * deviation, rel=0.15)


def test_it_holds_the_truth_about_as_often_as_it_says() -> None:
    """The mean absolute error of normal noise is the root of 2/π; 200 samples of it, so 190 should hold it."""
    held, task = 0, Regression()
    for seed in range(200):
        errors = values(np.random.default_rng(seed).normal(size=(100, 1)))
        found = intervals(task, Rows({}, np.zeros(100)), errors, errors, RIVAL, seed).shipped["mae"]
        held += found.low <= np.sqrt(2 / np.pi) <= found.high
    assert 180 <= held <= 198


def test_the_difference_is_judged_on_the_same_rows() -> None:
    """Two models that err alike are told apart much better than by their own intervals."""
    random = np.random.default_rng(0)
    y = random.normal(0, 1, 500)
    shared = y + random.normal(0, 0.5, 500)
    found = intervals(
        Regression(),
        Rows({}, y),
        values(shared[:, None]),
        values((shared + random.normal(0, 0.05, 500))[:, None]),
        RIVAL,
        seed=0,
    )
    own, between = found.shipped["rmse"], found.difference["rmse"]
    assert between.high - between.low < (own.high - own.low) / 3
    both = values(shared[:, None])
    same = intervals(Regression(), Rows({}, y), both, both, RIVAL, seed=0).difference["rmse"]
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_a_seed_repeats_it() -> None:
    y, outputs = coins(100, 0.7)
    task, rows = Classification(("a", "b")), Rows({}, y)
    one, same, other = (intervals(task, rows, outputs, outputs, RIVAL, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_draws_are_with_replacement_and_as_many_as_the_rows() -> None:
    rows = 60_000
    drawn = np.concatenate(list(counts(rows, 5, seed=0, at_a_time=3)))
    assert drawn.shape == (5, rows)
    assert (drawn.sum(axis=1) == rows).all()
    assert (drawn == 0).mean() == pytest.approx(np.exp(-1), abs=0.01)
    assert len(np.unique(drawn, axis=0)) == 5


def test_large_test_splits_are_drawn_less_often() -> None:
    assert resamples_for(10_000) == RESAMPLES
    assert resamples_for(MOST_CELLS // 400) == 400
    assert resamples_for(10**12) == FEWEST_RESAMPLES


def test_draws_without_a_meaning_are_left_out() -> None:
    found = interval(0.5, np.array([np.nan, 0.4, 0.6]), units=100)
    assert 0.4 <= found.low < found.high <= 0.6
    assert interval(0.5, np.array([np.nan]), units=100).low == 0.5


def test_units_are_drawn_whole_and_rows_count_by_their_weights() -> None:
    units, weights = np.array([7, 7, 3, 3, 3, 9]), np.array([1.0, 2.0, 0.5, 1.0, 0.0, 4.0])
    drawn = np.concatenate(list(weightings(Rows({}, np.zeros(6), weights, units), 40, seed=0)))  # (times, rows)
    times = drawn[:, [0, 3, 5]] / weights[[0, 3, 5]]  # (times, units)
    assert (times.sum(axis=1) == 3).all()
    assert (drawn == times[:, [0, 0, 1, 1, 1, 2]] * weights).all()
    assert len(np.unique(times, axis=0)) > 3


def test_few_units_make_wider_intervals_as_students_t_does() -> None:
    assert outside(10**6) == pytest.approx(0.025, rel=1e-4)
    assert outside(30) == pytest.approx(0.0188, abs=1e-3)
    assert outside(5) < outside(10) < outside(30)


def test_an_interval_by_groups_holds_the_truth_where_rows_of_a_group_err_alike() -> None:
    """Thirty groups of twenty rows share most of their error: by rows it holds the truth in less than half of them."""
    by_groups = by_rows = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        of = np.repeat(np.arange(30), 20)
        errors = random.normal(size=30)[of] + random.normal(0, 0.3, 600)
        truth = np.sqrt(2 / np.pi * 1.09)
        for units in (of, None):
            said = values(errors[:, None])
            rows = Rows({}, np.zeros(600), units=units)
            found = intervals(Regression(), rows, said, said, RIVAL, seed).shipped["mae"]
            by_groups += units is not None and found.low <= truth <= found.high
            by_rows += units is None and found.low <= truth <= found.high
    assert by_groups >= 88
    assert by_rows <= 60
