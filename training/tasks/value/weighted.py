"""Weighted: the metrics of numbers for many weightings of the same rows at once.

    y, predicted, weights (times, rows) ─> {metric: (times,)}

A thousand resamples cost a few products of matrices. It knows nothing about how weights are drawn.
"""

import numpy as np
from numpy.typing import NDArray

from training.tasks.weighted import Values, Weights, ratio


def metrics(y: NDArray[np.float64], predicted: NDArray[np.float64], weights: Weights) -> dict[str, Values]:
    """Judge numbers, (rows,), under every weighting."""
    whole, errors, centred = weights.sum(axis=1), predicted - y, y - y.mean()
    squares = weights @ errors**2
    around_mean = weights @ centred**2 - (weights @ centred) ** 2 / whole
    return {
        "mae": weights @ np.abs(errors) / whole,
        "rmse": np.sqrt(squares / whole),
        "r2": 1 - ratio(squares, around_mean, np.nan),
    }
