"""Intervals: how far chance in the choice of rows moves a metric, by the percentile bootstrap.

Rows that were drawn together, such as all of one customer, are drawn whole; rows with weights count by them.
Two models are compared on the same draws, so what makes a row hard for both cancels out.
Efron, Tibshirani 1993, "An introduction to the bootstrap", chapter 13. The interval is about other rows of the same
kind; that another seed would have fitted another network is not in it (`--folds` shows that).
It knows nothing about models, files or the command line.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from training.columns.arrays import Outputs, Rows
from training.evaluation.findings import Interval, Intervals
from training.evaluation.trust import remarks
from training.parallel import each
from training.tasks.base import Task
from training.tasks.weighted import Weights

LEVEL = 0.95
RESAMPLES, FEWEST_RESAMPLES = 1000, 100
MOST_CELLS = 200_000_000  # rows times resamples (times labels): a few seconds; larger test splits are drawn less often
CELLS_A_CHUNK = 200_000  # 1.6 MB an array, which a cache holds: 1.5 s of a core for Adult, 2.8 with 20 times as much

Draws = dict[str, NDArray[np.float64]]  # metric -> (resamples,)


def intervals(task: Task, rows: Rows, shipped: Outputs, other: Outputs, opponent: str, seed: int) -> Intervals:
    """Return the interval of every metric of a model, and of its difference to another one, row by row."""
    resamples = resamples_for(len(rows) * task.weighing_cost)
    drawn, beside = draws(task, rows, (shipped, other), resamples, seed)
    exact, against = (task.evaluate(rows.y, outputs, rows.weights) for outputs in (shipped, other))
    units = unit_count(rows)
    less = {name: interval(exact[name] - against[name], found - beside[name], units) for name, found in drawn.items()}
    return Intervals(
        level=LEVEL,
        resamples=resamples,
        opponent=opponent,
        shipped={name: interval(exact[name], found, units) for name, found in drawn.items()},
        difference=less,
        remarks=remarks(task, rows, exact),
    )


def resamples_for(cells: int) -> int:
    """Return how often so many cells can be drawn."""
    return int(np.clip(MOST_CELLS // max(cells, 1), FEWEST_RESAMPLES, RESAMPLES))


def exactly(task: Task, rows: Rows, answers: Outputs, metric: str) -> float:
    """Judge the rows as they are by one metric, quicker than `Task.evaluate`."""
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    return float(task.weighted(rows.y, answers, weights[None], metric)[metric][0])


def draws(
    task: Task, rows: Rows, models: Sequence[Outputs], resamples: int, seed: int, only: str | None = None
) -> list[Draws]:
    """Judge every model on the same resamples, by one metric or by all."""

    def judged(weights: Weights) -> list[Draws]:
        return [task.weighted(rows.y, outputs, weights, only) for outputs in models]

    parts = zip(*each(judged, weightings(rows, resamples, seed)), strict=True)  # model by model
    return [{name: np.concatenate([chunk[name] for chunk in part]) for name in part[0]} for part in parts]


def unit_count(rows: Rows) -> int:
    """Return how many rows, or units of rows, were drawn each by itself."""
    return len(rows) if rows.units is None else len(np.unique(rows.units))


def weightings(rows: Rows, resamples: int, seed: int) -> Iterator[Weights]:
    """Draw units with replacement, whole, and yield how much each row counts then: (some resamples, rows) at a time."""
    unit = None if rows.units is None else np.unique(rows.units, return_inverse=True)[1]  # (rows,)
    for drawn in counts(unit_count(rows), resamples, seed, at_a_time=max(1, CELLS_A_CHUNK // len(rows))):
        of_rows = drawn if unit is None else drawn[:, unit]
        yield of_rows if rows.weights is None else of_rows * rows.weights


def counts(units: int, resamples: int, seed: int, at_a_time: int) -> Iterator[Weights]:
    """Draw units with replacement; yield how often each was drawn, (at most `at_a_time`, units)."""
    random = np.random.default_rng(seed)
    for start in range(0, resamples, at_a_time):
        times = min(at_a_time, resamples - start)
        drawn = random.integers(units, size=(times, units)) + units * np.arange(times)[:, None]
        yield np.bincount(drawn.ravel(), minlength=times * units).reshape(times, units).astype(np.float64)


def interval(value: float, drawn: NDArray[np.float64], units: int) -> Interval:
    """Return the middle `LEVEL` of what was drawn, a little more where there are few units to draw from.

    Percentiles of few units are too narrow; they are moved as Student's t lies beside the normal distribution:
    Hesterberg 2015, "What teachers should know about the bootstrap", section 5.3. Draws in which the metric has no
    meaning are left out.
    """
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Interval(value, value, value)
    tail = outside(units)
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def outside(units: int) -> float:
    """Return the share of the draws of so many units that lies below an interval, and above it."""
    many = max(units, 2)
    return float(ndtr(np.sqrt(many / (many - 1)) * stdtrit(many - 1, (1 - LEVEL) / 2)))
