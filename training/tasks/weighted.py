"""Weighted: metrics for many weightings of the same rows at once.

A resample of the rows is a weighting by counts. A task that can say its metrics in a few sums over all weightings does
so, in `label/weighted.py`, or itself; any other is judged once a weighting. It knows no metric.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Outputs, take

Weights = NDArray[np.float64]  # (times, rows)
Values = NDArray[np.float64]  # (times,); NaN where a metric has no meaning, such as a ROC AUC of one class
Judged = dict[str, Values]  # metric -> under each weighting
Evaluate = Callable[[NDArray[Any], Outputs, NDArray[np.float64]], dict[str, float]]


def one_by_one(evaluate: Evaluate, y: NDArray[Any], outputs: Outputs, weights: Weights) -> Judged:
    """Judge once a weighting, the rows that count."""
    found = []
    for row_weights in weights:
        rows = np.flatnonzero(row_weights)
        found.append(evaluate(y[rows], take(outputs, rows), row_weights[rows]))
    return {name: np.array([metrics[name] for metrics in found]) for name in found[0]}


def ratio(above: NDArray[Any], below: NDArray[Any], otherwise: float) -> NDArray[np.float64]:
    """Divide where there is something to divide by."""
    divided: NDArray[np.float64] = np.divide(above, below, out=np.full(above.shape, otherwise), where=below > 0)
    return divided
