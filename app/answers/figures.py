"""Figures: a metric of all scored rows from their totals, with its interval, and with what bins may have cost.

    resampled   rows drawn anew by cell, many times ─> between what a function of cells lies: the percentile bootstrap
    of_mean     Student's interval of a mean, from the mean and the mean square
    areas       rows by bins of their score ─> ROC AUC and average precision, each within a stated error

To draw cells is to draw rows, for rows of one cell are alike: training draws rows one by one. Percentiles are moved a
little outwards where rows are few, as Hesterberg 2015, "What teachers should know about the bootstrap", section 5.3.
It knows neither answers nor files.
"""

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.answers.totals import Cells, Whole

NORMAL = 1.959964  # the quantile of 0.975
RESAMPLES, FEWEST_RESAMPLES = 1000, 100
MOST_DRAWN = 2_000_000  # cells times resamples: a second
EULER = 0.5772156649015329

Floats = NDArray[np.float64]


class Figure(msgspec.Struct, frozen=True):
    """A metric; without an interval where totals do not say how rows that belong together vary."""

    value: float
    low: float | None = None
    high: float | None = None
    error: float = 0.0  # by which all rows, one by one, may give another value at most


def student(rows: int) -> float:
    """Return the quantile of 0.975 of Student's t, by the first terms of its expansion."""
    freedom, z = max(rows - 1, 1), NORMAL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def of_mean(mean: float, square: float, rows: int) -> Figure:
    """Return a mean with its interval, from the mean of the squares as well."""
    reach = student(rows) * math.sqrt(max(0.0, square - mean**2) / max(1, rows - 1))
    return Figure(mean, mean - reach, mean + reach)


def resampled(cells: Cells, size: int, judged: Callable[[Whole], Sequence[float]]) -> list[tuple[float, float]]:
    """Return between what each of some functions of the rows by cell, (size,), lies, had other rows come."""
    known = np.array(cells.rows, np.int64)
    rows = int(known.sum())
    times = int(np.clip(MOST_DRAWN // max(1, len(known)), FEWEST_RESAMPLES, RESAMPLES))
    drawn = np.random.default_rng(0).multinomial(rows, known / rows, times)  # (times, known cells)
    found = np.array([judged(Cells(cells.places, each.tolist()).dense(size)) for each in drawn])  # (times, functions)
    outside = 0.5 * math.erfc(math.sqrt(rows / max(1, rows - 1)) * student(rows) / math.sqrt(2))
    return [_middle(values[np.isfinite(values)], outside) for values in found.T]


def _middle(values: Floats, outside: float) -> tuple[float, float]:
    if not len(values):
        return math.nan, math.nan
    low, high = np.quantile(values, [outside, 1 - outside])
    return float(low), float(high)


def roc_area(hits: Floats, misses: Floats) -> tuple[float, float]:
    """Return the area under the ROC curve of rows by score, the highest last, and its error; NaN without a pair.

    Of a pair in one bin nobody knows which is higher: it counts half.
    """
    pairs = float(hits.sum()) * float(misses.sum())
    if not pairs:
        return math.nan, 0.0
    below = misses.cumsum() - misses
    return float((hits * (below + misses / 2)).sum()) / pairs, float((hits * misses).sum()) / 2 / pairs


def precision_area(hits: Floats, misses: Floats) -> tuple[float, float]:
    """Return the average precision of rows by score, the highest last, and its error; NaN where all rows are alike."""
    if not hits.sum() or not misses.sum():
        return math.nan, 0.0
    hits, every = hits[::-1], (hits + misses)[::-1]
    above, all_above = hits.cumsum(), every.cumsum()
    value = float((hits * above / np.maximum(all_above, 1)).sum())
    before = all_above - every  # rows above each bin
    best = hits * above / np.maximum(before + hits, 1)  # all hits of a bin above its misses, with one score
    worst = hits - (all_above - above) * _harmonic(all_above - hits, hits)  # below them, with a score each
    away = max(float(best.sum()) - value, value - float(worst.sum()))
    return value / float(hits.sum()), away / float(hits.sum())


def _harmonic(start: Floats, steps: Floats) -> Floats:
    """Return 1/(start+1) + … + 1/(start+steps)."""
    return _harmonic_number(start + steps) - _harmonic_number(start)


def _harmonic_number(whole: Floats) -> Floats:
    few = np.concatenate([[0.0], (1 / np.arange(1, 64)).cumsum()])
    n = np.maximum(whole, 1.0)
    many = np.log(n) + EULER + 0.5 / n - 1 / (12 * n**2)
    return np.where(whole < len(few), few[np.minimum(whole, len(few) - 1).astype(np.int64)], many)
