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

Counts = NDArray[np.float64]  # rows of one kind at each candidate threshold, or their weights


def best_threshold(
    metric: ThresholdMetric,
    y: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> tuple[float, float, float]:
    """Return the threshold (halfway to the next lower probability), the metric at one half, and the metric at it.

    `y` is 0 or 1, and the probabilities are those of label 1: (rows,) each, as the weights are.
    """
    order = np.argsort(-probabilities, kind="stable")
    each = np.ones(len(y)) if weights is None else weights
    totals = float(each @ (y == 1)), float(each @ (y == 0))
    ranked, hits, every = probabilities[order], np.cumsum((each * y)[order]), np.cumsum(each[order])  # (rows,)
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # equal probabilities fall to one side
    lower = np.append(ranked, 0.0)[last + 1]
    candidates = np.clip((ranked[last] + lower) / 2, LOWEST, HIGHEST)  # (different,)
    at = METRICS[metric](hits[last], every[last] - hits[last], *totals)
    threshold = float(candidates[int(np.argmax(at))])

    def score(at: float) -> float:
        said = each * (probabilities >= at)
        return float(METRICS[metric](np.array([said @ (y == 1)]), np.array([said @ (y == 0)]), *totals)[0])

    return threshold, score(0.5), score(threshold)


METRICS: dict[ThresholdMetric, Callable[[Counts, Counts, float, float], Counts]] = {
    "f1": lambda right, wrong, ones, zeros: 2 * right / (ones + right + wrong),
    "accuracy": lambda right, wrong, ones, zeros: (right + zeros - wrong) / (ones + zeros),
    "balanced_accuracy": lambda right, wrong, ones, zeros: (right / ones + (zeros - wrong) / zeros) / 2,
}
