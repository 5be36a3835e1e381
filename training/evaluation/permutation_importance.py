"""Importance: which features the shipped graph goes by, by permutation on the validation rows.

Breiman 2001, "Random forests"; Fisher, Rudin, Dominici 2019, "All models are wrong, but many are useful".
Features that say the same stand in for one another, and each of them looks less needed than it is.
It knows nothing about how the graph was made.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Outputs, Predict, Rows, predict_in_batches, spread_places
from training.evaluation.bootstrap import draws, exactly
from training.evaluation.findings import Importance, Interval
from training.features.features import Features
from training.parallel import each
from training.tasks.base import Task

REPEATS = 3
MOST_ROWS = 10_000
RESAMPLES = 50  # for a standard error to a tenth of itself
NORMAL = 1.96  # standard errors to either end of a 95 % interval

Done = Callable[[int], None]  # features so far
Order = NDArray[np.int64]  # (rows,)


def importances(
    task: Task, features: Features, predict: Predict, rows: Rows, *, seed: int, done: Done
) -> tuple[Importance, ...]:
    """Return every feature's importance for the task's main metric, the most important first.

    At most `MOST_ROWS` rows are looked at; `done` is told how many features are done.
    The interval is that of the mean over the repeats, by the bootstrap over rows with a normal error.
    """
    some = rows.take(spread_places(len(rows), min(len(rows), MOST_ROWS)))
    whole = _judge(task, some, [predict_in_batches(predict, some.arrays)], seed)
    random = np.random.default_rng(seed)

    def without(feature: str, orders: list[Order]) -> NDArray[np.float64]:
        mixed = (features.mixed(feature, some.arrays, order) for order in orders)
        return _judge(task, some, [predict_in_batches(predict, arrays) for arrays in mixed], seed)

    dealt = ((feature, [random.permutation(len(some)) for _ in range(REPEATS)]) for feature in features.order)
    found = []
    for feature, judged in zip(features.order, each(lambda one: without(*one), dealt), strict=True):
        found.append(Importance(feature, _loss(whole - judged)))
        done(len(found))
    return tuple(sorted(found, key=lambda importance: -importance.loss.value))


def _judge(task: Task, rows: Rows, models: list[Outputs], seed: int) -> NDArray[np.float64]:
    """Return the main metric, the mean over the models: on the rows as they are, then on every resample."""
    metric = task.main_metric
    exact = np.mean([exactly(task, rows, outputs, metric) for outputs in models])
    drawn = np.mean([found[metric] for found in draws(task, rows, models, RESAMPLES, seed, metric)], axis=0)
    return np.concatenate([[exact], drawn])  # (1 + resamples,)


def _loss(values: NDArray[np.float64]) -> Interval:
    exact, drawn = float(values[0]), values[1:]
    error = float(np.std(drawn[np.isfinite(drawn)])) if np.isfinite(drawn).any() else 0.0
    return Interval(exact, exact - NORMAL * error, exact + NORMAL * error)
