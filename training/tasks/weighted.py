"""Weighted: metrics for many weightings of the same rows at once.

A resample of the rows is a weighting by counts. A task that can say its metrics in a few sums over all weightings does
so, in `label/weighted.py`, or itself; for any other the rows are repeated. It knows no metric.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Outputs, take

Weights = NDArray[np.float64]  # (times, rows)
Values = NDArray[np.float64]  # (times,); NaN where a metric has no meaning, such as a ROC AUC of one class
Judged = dict[str, Values]  # metric -> under each weighting


def by_repeating(
    evaluate: Callable[[NDArray[Any], Outputs], dict[str, float]], y: NDArray[Any], outputs: Outputs, weights: Weights
) -> Judged:
    """Judge by repeating each row so often as it counts; whole weights alone."""
    found = []
    for counts in weights:
        rows = np.repeat(np.arange(len(y)), counts.astype(np.int64))
        found.append(evaluate(y[rows], take(outputs, rows)))
    return {name: np.array([metrics[name] for metrics in found]) for name in found[0]}


def ratio(above: NDArray[Any], below: NDArray[Any], otherwise: float) -> NDArray[np.float64]:
    """Divide where there is something to divide by."""
    divided: NDArray[np.float64] = np.divide(above, below, out=np.full(above.shape, otherwise), where=below > 0)
    return divided
