"""Weighted: the metrics of labels for many weightings of the same rows at once.

A thousand resamples cost a few sums over sorted rows each. For weights of one this is what scikit-learn gives, and a
test holds it. It knows nothing about how weights are drawn.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.tasks.weighted import Judged, Values, Weights, ratio

SMALLEST_PROBABILITY = 1e-7  # a 32-bit float cannot tell 1 - 1e-8 from 1; log loss stays finite
Area = Callable[[Weights, Weights], Values]


def metrics(y: NDArray[Any], probabilities: NDArray[np.float64], weights: Weights, only: str | None = None) -> Judged:
    """Judge (rows, labels) probabilities under every weighting, (times, rows); others than `only` may be left out."""
    if only is not None and only in AREAS:
        return {only: _over_labels((AREAS[only],), y, probabilities, weights)[0]}
    by_label = _of_labels(y, probabilities, weights)
    return by_label if only in by_label else {**by_label, **_of_ranks(y, probabilities, weights)}


def _of_labels(y: NDArray[Any], probabilities: NDArray[np.float64], weights: Weights) -> Judged:
    width, predicted = probabilities.shape[1], probabilities.argmax(axis=1)
    right = y == predicted
    true, said, hit = (_by_label(labels, weights, width) for labels in (y, predicted, np.where(right, y, width)))
    recall, precision, f1 = ratio(hit, true, 0.0), ratio(hit, said, 0.0), ratio(2 * hit, true + said, 0.0)
    there = true + said > 0  # labels that nothing has and nothing was given do not count
    return {
        "accuracy": hit.sum(axis=1) / weights.sum(axis=1),
        "balanced_accuracy": mean_over(recall, true > 0),
        "precision": precision[:, 1] if width == 2 else mean_over(precision, there),
        "recall": recall[:, 1] if width == 2 else mean_over(recall, there),
        "f1": f1[:, 1] if width == 2 else mean_over(f1, there),
    }


def _by_label(labels: NDArray[Any], weights: Weights, width: int) -> Weights:
    """Sum the weights of each label's rows: (times, width); a label of `width` counts nowhere."""
    order = np.argsort(labels, kind="stable")
    there, starts = np.unique(labels[order], return_index=True)
    sums = np.zeros((len(weights), width + 1))
    sums[:, there] = np.add.reduceat(weights[:, order], starts, axis=1)
    return sums[:, :width]


def _of_ranks(y: NDArray[Any], probabilities: NDArray[np.float64], weights: Weights) -> Judged:
    held = np.clip(probabilities, SMALLEST_PROBABILITY, 1)
    said = held[np.arange(len(y)), y] / held.sum(axis=1)  # (rows,) the probability of what was true
    areas = dict(zip(AREAS, _over_labels(tuple(AREAS.values()), y, probabilities, weights), strict=True))
    return {**areas, "log_loss": weights @ -np.log(said) / weights.sum(axis=1)}


def _over_labels(
    areas: Sequence[Area], y: NDArray[Any], probabilities: NDArray[np.float64], weights: Weights
) -> list[Values]:
    """Return each area of the second label of two, or its mean over the labels that rows have."""
    width = probabilities.shape[1]
    labels = range(1, 2) if width == 2 else [label for label in range(width) if (y == label).any()]
    return areas_over(areas, [(y == label, probabilities[:, label]) for label in labels], weights)


def areas_over(
    areas: Sequence[Area], sides: Iterable[tuple[NDArray[np.bool_], NDArray[np.float64]]], weights: Weights
) -> list[Values]:
    """Return the mean of each area over labels: of each, which rows have it and their scores for it."""
    ranked = (_ranked(positive, scores, weights) for positive, scores in sides)
    found = np.array([[area(hits, every) for area in areas] for hits, every in ranked])  # (labels, areas, times)
    if not len(found):
        return [np.full(len(weights), np.nan) for _ in areas]
    return [
        mean_over(np.nan_to_num(of_area), np.isfinite(of_area), empty=np.nan) for of_area in np.moveaxis(found, 0, 2)
    ]


def _ranked(positive: NDArray[np.bool_], scores: NDArray[np.float64], weights: Weights) -> tuple[Weights, Weights]:
    """Return the weight of the hits and of all rows at each score, the highest first: (times, different scores)."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))  # rows with one score stand or fall together
    ordered = weights[:, order]
    hits = np.add.reduceat(ordered * positive[order], starts, axis=1)
    return hits, np.add.reduceat(ordered, starts, axis=1)


def roc_area(hits: Weights, every: Weights) -> Values:
    """Return the share of pairs of a hit and another row that stand in the right order; NaN without a pair."""
    misses, above = every - hits, hits.cumsum(axis=1)
    right = ((above - hits / 2) * misses).sum(axis=1)
    return ratio(right, above[:, -1] * misses.sum(axis=1), np.nan)


def precision_area(hits: Weights, every: Weights) -> Values:
    """Return the average precision; NaN where all rows are alike."""
    above, all_above = hits.cumsum(axis=1), every.cumsum(axis=1)
    precision = above / np.maximum(all_above, np.finfo(np.float64).tiny)
    area = ratio((hits * precision).sum(axis=1), above[:, -1], np.nan)
    area[above[:, -1] == all_above[:, -1]] = np.nan
    return area


AREAS: Mapping[str, Area] = {"roc_auc": roc_area, "pr_auc": precision_area}


def mean_over(values: NDArray[Any], counted: NDArray[np.bool_], empty: float = 0.0) -> Values:
    """Return the mean over the labels that count: (times, labels) -> (times,)."""
    return ratio(np.where(counted, values, 0.0).sum(axis=1), counted.sum(axis=1), empty)
