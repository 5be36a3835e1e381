"""Totals of numbers and of how far off they are: mae, rmse and r2, of any number of rows.

    truth, value ─ less a middle of the training data ─> sums of powers, exactly

The middle keeps powers of numbers far from zero, such as times, from losing what tells them apart.
R²'s interval is that of the ratio of two means, by the first terms of its expansion (the delta method).
It knows neither files nor outputs by name.
"""

import math

import numpy as np

from app.answers.figures import Figure, of_mean, student
from app.answers.totals import Totals
from app.tensors import Array


def totals(truth: Array, values: Array, middle: float) -> Totals:
    """Sum over rows: true values and answers, (rows,) float64 each."""
    off, away = values - truth, truth - middle
    errors, distances = off**2, away**2
    sums = {
        "off": np.abs(off),
        "errors": errors,
        "errors_squared": errors**2,
        "away": away,
        "distances": distances,
        "cubes": distances * away,
        "distances_squared": distances**2,
        "errors_away": errors * away,
        "errors_distances": errors * distances,
    }
    with np.errstate(over="ignore"):
        return Totals.of(len(truth), {}, sums)


def figures(found: Totals) -> dict[str, Figure]:
    """Return the metrics."""
    means = {name: found.mean(name) for name in found.sums}
    mae = of_mean(means["off"], means["errors"], found.rows)
    square = of_mean(means["errors"], means["errors_squared"], found.rows)
    low, high = (math.sqrt(max(0.0, side or 0.0)) for side in (square.low, square.high))
    known = {"mae": mae, "rmse": Figure(math.sqrt(square.value), low, high)}
    shift = means["away"]
    spread = means["distances"] - shift**2
    return {**known, "r2": _r2(means, shift, spread, found.rows)} if spread > 0 else known


def _r2(means: dict[str, float], shift: float, spread: float, rows: int) -> Figure:
    """Return 1 - errors / spread, where each row has a part in both."""
    ratio = means["errors"] / spread
    # Means of powers about the rows' own mean, from those about the middle.
    errors_distances = means["errors_distances"] - 2 * shift * means["errors_away"] + shift**2 * means["errors"]
    fourth = means["distances_squared"] - 4 * shift * means["cubes"] + 6 * shift**2 * means["distances"] - 3 * shift**4
    variance = means["errors_squared"] - 2 * ratio * errors_distances + ratio**2 * fourth
    reach = student(rows) * math.sqrt(max(0.0, variance) / max(1, rows - 1)) / spread
    return Figure(1 - ratio, 1 - ratio - reach, 1 - ratio + reach)
