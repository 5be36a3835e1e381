"""Weighted: every metric of a task for many weightings of the same rows at once.

    y, outputs, weights (times, rows) ─> {metric: (times,)}

A resample of the rows is a weighting by counts, so a thousand of them cost a few sums over sorted rows each.
For weights of one this is what `Task.evaluate` gives, a test holds it; that one asks scikit-learn.
It knows nothing about resampling, models or features.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.tasks.classification import SMALLEST_PROBABILITY

Weights = NDArray[np.float64]  # (times, rows)
Values = NDArray[np.float64]  # (times,); NaN where a metric has no meaning, such as a ROC AUC of one class
Area = Callable[[Weights, Weights], Values]


def metrics(
    y: NDArray[Any], outputs: NDArray[Any], weights: Weights, *, classes: bool, only: str | None = None
) -> dict[str, Values]:
    """Judge answers against the encoded target under every weighting.

    Args:
        y: (rows,), the number of the label for classes.
        outputs: (rows, outputs), probabilities for classes.
        weights: (times, rows), not negative.
        classes: whether the target is a label.
        only: the metric that is wanted; others may be left out. None: all.
    """
    answers = outputs.astype(np.float64)
    if not classes:
        return _of_numbers(y.astype(np.float64), answers[:, 0], weights)
    if only == "roc_auc":
        return {only: _over_labels((_roc_area,), y, answers, weights)[0]}
    by_label = _of_labels(y, answers, weights)
    return by_label if only in by_label else {**by_label, **_of_ranks(y, answers, weights)}


def _of_numbers(y: NDArray[np.float64], predicted: NDArray[np.float64], weights: Weights) -> dict[str, Values]:
    whole, errors, centred = weights.sum(axis=1), predicted - y, y - y.mean()
    squares = weights @ errors**2
    around_mean = weights @ centred**2 - (weights @ centred) ** 2 / whole
    return {
        "mae": weights @ np.abs(errors) / whole,
        "rmse": np.sqrt(squares / whole),
        "r2": 1 - _ratio(squares, around_mean, np.nan),
    }


def _of_labels(y: NDArray[Any], probabilities: NDArray[np.float64], weights: Weights) -> dict[str, Values]:
    width, predicted = probabilities.shape[1], probabilities.argmax(axis=1)
    right = y == predicted
    true, said, hit = (_by_label(labels, weights, width) for labels in (y, predicted, np.where(right, y, width)))
    recall, precision, f1 = _ratio(hit, true, 0.0), _ratio(hit, said, 0.0), _ratio(2 * hit, true + said, 0.0)
    there = true + said > 0  # labels that nothing has and nothing was given do not count
    return {
        "accuracy": hit.sum(axis=1) / weights.sum(axis=1),
        "balanced_accuracy": _mean(recall, true > 0),
        "precision": precision[:, 1] if width == 2 else _mean(precision, there),
        "recall": recall[:, 1] if width == 2 else _mean(recall, there),
        "f1": f1[:, 1] if width == 2 else _mean(f1, there),
    }


def _by_label(labels: NDArray[Any], weights: Weights, width: int) -> Weights:
    """Sum the weights of each label's rows: (times, width); a label of `width` counts nowhere."""
    order = np.argsort(labels, kind="stable")
    there, starts = np.unique(labels[order], return_index=True)
    sums = np.zeros((len(weights), width + 1))
    sums[:, there] = np.add.reduceat(weights[:, order], starts, axis=1)
    return sums[:, :width]


def _of_ranks(y: NDArray[Any], probabilities: NDArray[np.float64], weights: Weights) -> dict[str, Values]:
    held = np.clip(probabilities, SMALLEST_PROBABILITY, 1)
    said = held[np.arange(len(y)), y] / held.sum(axis=1)  # (rows,) the probability of what was true
    roc, precision = _over_labels((_roc_area, _precision_area), y, probabilities, weights)
    return {
        "roc_auc": roc,
        "pr_auc": precision,
        "log_loss": weights @ -np.log(said) / weights.sum(axis=1),
    }


def _over_labels(
    areas: Sequence[Area], y: NDArray[Any], probabilities: NDArray[np.float64], weights: Weights
) -> list[Values]:
    """Return each area of the second label of two, or its mean over the labels that rows have."""
    width = probabilities.shape[1]
    labels = range(1, 2) if width == 2 else [label for label in range(width) if (y == label).any()]
    ranked = (_ranked(y == label, probabilities[:, label], weights) for label in labels)
    found = np.array([[area(hits, every) for area in areas] for hits, every in ranked])  # (labels, areas, times)
    return [_mean(np.nan_to_num(of_area), np.isfinite(of_area), empty=np.nan) for of_area in np.moveaxis(found, 0, 2)]


def _ranked(positive: NDArray[np.bool_], scores: NDArray[np.float64], weights: Weights) -> tuple[Weights, Weights]:
    """Return the weight of the hits and of all rows at each score, the highest first: (times, different scores)."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))  # rows with one score stand or fall together
    ordered = weights[:, order]
    hits = np.add.reduceat(ordered * positive[order], starts, axis=1)
    return hits, np.add.reduceat(ordered, starts, axis=1)


def _roc_area(hits: Weights, every: Weights) -> Values:
    """Return the share of pairs of a hit and another row that stand in the right order; NaN without a pair."""
    misses, above = every - hits, hits.cumsum(axis=1)
    right = ((above - hits / 2) * misses).sum(axis=1)
    return _ratio(right, above[:, -1] * misses.sum(axis=1), np.nan)


def _precision_area(hits: Weights, every: Weights) -> Values:
    """Return the average precision; NaN where all rows are alike."""
    above, all_above = hits.cumsum(axis=1), every.cumsum(axis=1)
    precision = above / np.maximum(all_above, np.finfo(np.float64).tiny)
    area = _ratio((hits * precision).sum(axis=1), above[:, -1], np.nan)
    area[above[:, -1] == all_above[:, -1]] = np.nan
    return area


def _ratio(above: NDArray[Any], below: NDArray[Any], otherwise: float) -> NDArray[np.float64]:
    """Divide where there is something to divide by."""
    divided: NDArray[np.float64] = np.divide(above, below, out=np.full(above.shape, otherwise), where=below > 0)
    return divided


def _mean(values: NDArray[Any], counted: NDArray[np.bool_], empty: float = 0.0) -> Values:
    """Return the mean over the labels that count: (times, labels) -> (times,)."""
    return _ratio(np.where(counted, values, 0.0).sum(axis=1), counted.sum(axis=1), empty)
