"""Threshold: probabilities of the second label, and a metric -> from which probability on a row gets that label.

    every probability that a validation row has is a candidate; the best one by the metric wins

It knows nothing about networks.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ThresholdMetric = Literal["f1", "accuracy", "balanced_accuracy"]
LOWEST, HIGHEST = 1e-4, 1 - 1e-4  # beyond, a threshold is a label that is never or always given

Counts = NDArray[np.float64]  # rows of one kind at each candidate threshold


def best_threshold(
    metric: ThresholdMetric, y: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the threshold (halfway to the next lower probability), the metric at one half, and the metric at it.

    `y` is 0 or 1, and the probabilities are those of label 1: (rows,) each.
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked, hits = probabilities[order], np.cumsum(y[order])  # (rows,)
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # equal probabilities fall to one side
    lower = np.append(ranked, 0.0)[last + 1]
    candidates = np.clip((ranked[last] + lower) / 2, LOWEST, HIGHEST)  # (different,)
    at = _scores(metric, hits[last].astype(np.float64), (last + 1 - hits[last]).astype(np.float64), y)
    place = int(np.argmax(at))
    threshold = float(candidates[place])
    return threshold, _score(metric, y, probabilities, 0.5), _score(metric, y, probabilities, threshold)


def _score(metric: ThresholdMetric, y: NDArray[np.int64], probabilities: NDArray[np.float64], at: float) -> float:
    said = probabilities >= at
    right, wrong = float((said & (y == 1)).sum()), float((said & (y == 0)).sum())
    return float(_scores(metric, np.array([right]), np.array([wrong]), y)[0])


def _scores(metric: ThresholdMetric, right: Counts, wrong: Counts, y: NDArray[np.int64]) -> Counts:
    """Return the metric at each candidate, of rows that rightly and wrongly got the second label."""
    return METRICS[metric](right, wrong, float((y == 1).sum()), float((y == 0).sum()))


METRICS: dict[ThresholdMetric, Callable[[Counts, Counts, float, float], Counts]] = {
    "f1": lambda right, wrong, ones, zeros: 2 * right / (ones + right + wrong),
    "accuracy": lambda right, wrong, ones, zeros: (right + zeros - wrong) / (ones + zeros),
    "balanced_accuracy": lambda right, wrong, ones, zeros: (right / ones + (zeros - wrong) / zeros) / 2,
}
