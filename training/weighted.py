"""Weighted: every metric of a task for many weightings of the same rows at once.

    y, outputs, weights (times, rows) ─> {metric: (times,)}

A resample of the rows is a weighting by counts, so a thousand of them cost a few sums over sorted rows each.
For weights of one this is what `Task.evaluate` gives, a test holds it; that one asks scikit-learn.
It knows nothing about resampling, models or features.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.classification import SMALLEST_PROBABILITY

Weights = NDArray[np.float64]  # (times, rows)
Values = NDArray[np.float64]  # (times,); NaN where a metric has no meaning, such as a ROC AUC of one class


def metrics(y: NDArray[Any], outputs: NDArray[Any], weights: Weights, *, classes: bool) -> dict[str, Values]:
    """Judge answers against the encoded target under every weighting.

    Args:
        y: (rows,), the number of the label for classes.
        outputs: (rows, outputs), probabilities for classes.
        weights: (times, rows), not negative.
        classes: whether the target is a label.
    """
    answers = outputs.astype(np.float64)
    if not classes:
        return _of_numbers(y.astype(np.float64), answers[:, 0], weights)
    return {**_of_labels(y, answers, weights), **_of_ranks(y, answers, weights)}


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
    width = probabilities.shape[1]
    labels = range(1, 2) if width == 2 else [label for label in range(width) if (y == label).any()]
    areas = np.array([_areas(y == label, probabilities[:, label], weights) for label in labels])  # (labels, 2, times)
    there = np.isfinite(areas[:, 0])
    return {
        "roc_auc": _mean(areas[:, 0].T, there.T, empty=np.nan),
        "pr_auc": _mean(areas[:, 1].T, there.T, empty=np.nan),
        "log_loss": weights @ -np.log(said) / weights.sum(axis=1),
    }


def _areas(positive: NDArray[np.bool_], scores: NDArray[np.float64], weights: Weights) -> tuple[Values, Values]:
    """Return the area under ROC (the share of pairs in the right order) and the average precision."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))  # rows with one score stand or fall together
    ordered = weights[:, order]
    every = np.add.reduceat(ordered, starts, axis=1)  # (times, different scores), the highest first
    hits = np.add.reduceat(ordered * positive[order], starts, axis=1)
    misses = every - hits
    hits_above, all_above = hits.cumsum(axis=1), every.cumsum(axis=1)
    all_hits, all_misses = hits_above[:, -1], all_above[:, -1] - hits_above[:, -1]
    pairs = (misses * (hits_above - hits / 2)).sum(axis=1)
    precision = (hits * _ratio(hits_above, all_above, 0.0)).sum(axis=1)
    roc = _ratio(pairs, all_hits * all_misses, np.nan)
    return roc, np.where(np.isfinite(roc), _ratio(precision, all_hits, np.nan), np.nan)


def _ratio(above: NDArray[Any], below: NDArray[Any], otherwise: float) -> NDArray[np.float64]:
    """Divide where there is something to divide by."""
    divided: NDArray[np.float64] = np.divide(above, below, out=np.full(above.shape, otherwise), where=below > 0)
    return divided


def _mean(values: NDArray[Any], counted: NDArray[np.bool_], empty: float = 0.0) -> Values:
    """Return the mean over the labels that count: (times, labels) -> (times,)."""
    return _ratio(np.where(counted, values, 0.0).sum(axis=1), counted.sum(axis=1), empty)
