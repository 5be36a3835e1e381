"""Precision: do the 32 bits in which a graph computes tell the numbers of a column apart?

    1700000051148, 1700000016429, …   milliseconds of two minutes: 32-bit floats lie 131,072 apart there  ─> no
    0.2139, 1199.99, 48850, …         any ordinary measurement                                           ─> yes

It asks it of the pieces between quantiles, not of the whole range: one zero among milliseconds must not hide them.
It knows nothing about features, targets or graphs.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import spread_places

ROWS = 20_000  # that are looked at
PIECES = 48  # as many as a network cuts a number into, by default
BLUR = 1 / 64  # of a piece, that rounding moves its ends by
BLURRED_SHARE = 0.25  # of the pieces
NOISE = 2.0**-44  # fractions closer than this, relative to their size, differ by how they were computed: 0.1 + 0.2


def needs_doubles(values: NDArray[Any]) -> bool:
    """Say whether 32-bit floats lose what tells (rows,) numbers apart; NaN is missing."""
    some = values[spread_places(len(values), min(len(values), ROWS))].astype(np.float64)
    present = some[np.isfinite(some)]
    rounded = present.astype(np.float32).astype(np.float64)
    if np.array_equal(present, rounded):
        return False
    ends = np.unique(np.quantile(present, np.linspace(0, 1, PIECES + 1), method="inverted_cdf"))
    ends = ends[_apart(ends)] if (present != np.floor(present)).any() else ends
    moved = np.abs(ends - ends.astype(np.float32))  # (ends,)
    blurred = moved[1:] + moved[:-1] > BLUR * np.diff(ends)  # (pieces,)
    return bool(len(blurred) and blurred.mean() >= BLURRED_SHARE)


def _apart(ends: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which are farther from the one before than computing them in another order would move them."""
    return np.diff(ends, prepend=-np.inf) > NOISE * np.abs(ends)
