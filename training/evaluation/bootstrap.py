"""Intervals: how far chance in the choice of rows moves a metric, by the percentile bootstrap.

Two models are compared on the same draws, so what makes a row hard for both cancels out.
Efron, Tibshirani 1993, "An introduction to the bootstrap", chapter 13. The interval is about other rows of the same
kind; that another seed would have fitted another network is not in it (`--folds` shows that).
It knows nothing about models, files or the command line.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Outputs
from training.evaluation.findings import Interval, Intervals
from training.parallel import each
from training.tasks.base import Task
from training.tasks.weighted import Weights

LEVEL = 0.95
RESAMPLES, FEWEST_RESAMPLES = 1000, 100
MOST_CELLS = 200_000_000  # rows times resamples (times labels): a few seconds; larger test splits are drawn less often
CELLS_A_CHUNK = 200_000  # 1.6 MB an array, which a cache holds: 1.5 s of a core for Adult, 2.8 with 20 times as much

Draws = dict[str, NDArray[np.float64]]  # metric -> (resamples,)


def intervals(task: Task, y: NDArray[Any], shipped: Outputs, other: Outputs, opponent: str, seed: int) -> Intervals:
    """Return the interval of every metric of a model, and of its difference to another one, row by row."""
    resamples = resamples_for(len(y) * task.weighing_cost)
    drawn, beside = draws(task, y, (shipped, other), resamples, seed)
    exact, against = (task.evaluate(y, outputs) for outputs in (shipped, other))
    return Intervals(
        level=LEVEL,
        resamples=resamples,
        opponent=opponent,
        shipped={name: interval(exact[name], found) for name, found in drawn.items()},
        difference={name: interval(exact[name] - against[name], found - beside[name]) for name, found in drawn.items()},
    )


def resamples_for(cells: int) -> int:
    """Return how often so many cells can be drawn."""
    return int(np.clip(MOST_CELLS // max(cells, 1), FEWEST_RESAMPLES, RESAMPLES))


def exactly(task: Task, y: NDArray[Any], answers: Outputs, metric: str) -> float:
    """Judge the rows as they are by one metric, quicker than `Task.evaluate`."""
    return float(task.weighted(y, answers, np.ones((1, len(y))), metric)[metric][0])


def draws(
    task: Task, y: NDArray[Any], models: Sequence[Outputs], resamples: int, seed: int, only: str | None = None
) -> list[Draws]:
    """Judge every model on the same resamples, by one metric or by all."""

    def judged(weights: Weights) -> list[Draws]:
        return [task.weighted(y, outputs, weights, only) for outputs in models]

    parts = zip(*each(judged, counts(len(y), resamples, seed)), strict=True)  # model by model
    return [{name: np.concatenate([chunk[name] for chunk in part]) for name in part[0]} for part in parts]


def counts(rows: int, resamples: int, seed: int) -> Iterator[Weights]:
    """Draw rows with replacement; yield how often each was drawn, (some resamples, rows) at a time."""
    random = np.random.default_rng(seed)
    at_a_time = max(1, CELLS_A_CHUNK // rows)
    for start in range(0, resamples, at_a_time):
        times = min(at_a_time, resamples - start)
        drawn = random.integers(rows, size=(times, rows)) + rows * np.arange(times)[:, None]
        yield np.bincount(drawn.ravel(), minlength=times * rows).reshape(times, rows).astype(np.float64)


def interval(value: float, drawn: NDArray[np.float64]) -> Interval:
    """Return the middle `LEVEL` of what was drawn; draws in which the metric has no meaning are left out."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Interval(value, value, value)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
