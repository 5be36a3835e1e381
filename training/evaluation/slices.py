"""Slices: test rows with something in common, and where the shipped graph is worst.

With some hundred slices, one in forty looks worse by chance alone: a slice is a place to look, not a proof.
"""

from collections.abc import Iterator

import numpy as np

from training.columns.arrays import Outputs, Rows, spread_places, take
from training.evaluation.bootstrap import draws, exactly, interval, resamples_for, unit_count
from training.evaluation.findings import Interval, Slice, Slices
from training.features.base import Mask
from training.features.features import Features
from training.parallel import each
from training.tasks.base import Task

MIN_ROWS = 50  # with fewer, an interval is too wide to say anything
MOST_ROWS = 50_000
RESAMPLES = 200


def slices(task: Task, features: Features, train: Rows, test: Rows, outputs: Outputs, seed: int) -> Slices:
    """Judge the answers to at most `MOST_ROWS` test rows on every slice with enough of them."""
    metric = task.slice_metric
    sign = -1 if metric in task.errors else 1  # smaller is better, or larger
    places = spread_places(len(test), min(len(test), MOST_ROWS))
    some, answers = test.take(places), take(outputs, places)
    whole = exactly(task, some, answers, metric)
    resamples = min(RESAMPLES, resamples_for(len(some) * len(features.order)))

    def judged(feature: str, values: str, mask: Mask) -> Slice:
        value = _judge(task, metric, some.take(mask), take(answers, mask), resamples, seed)
        best = value.high if sign > 0 else value.low
        return Slice(feature, values, int(mask.sum()), value, is_worse=sign * best < sign * whole)

    masks = _masks(features, train, some)
    large = ((feature, values, mask) for feature, values, mask in masks if mask.sum() >= MIN_ROWS and not mask.all())
    found = [one for one in each(lambda one: judged(*one), large) if np.isfinite(one.metric.value)]
    ordered = sorted(found, key=lambda one: (not one.is_worse, sign * one.metric.value))
    return Slices(metric=metric, whole=whole, slices=tuple(ordered))


def _judge(task: Task, metric: str, rows: Rows, answers: Outputs, resamples: int, seed: int) -> Interval:
    (drawn,) = draws(task, rows, (answers,), resamples, seed, metric)
    return interval(exactly(task, rows, answers, metric), drawn[metric], unit_count(rows))


def _masks(features: Features, train: Rows, rows: Rows) -> Iterator[tuple[str, str, Mask]]:
    for name in features.order:
        for values, mask in features.slices(name, train.arrays, rows.arrays):
            yield name, values, mask
