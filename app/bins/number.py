"""Numbers in bins: nine inner deciles, a bin for what is missing, and training's minimum and maximum.

NumberBins                          as `profile.json` has them
NumberCounter(columns, counted)     the numbers of one tensor, counted together
"""

import itertools
from collections.abc import Sequence

import msgspec
import numpy as np

from app.bins.layout import MISSING, Counted, Floats, Layout, check_shares
from app.tensors import Array

EDGES_MAX = 9  # deciles
TIE = 1e-9  # of sums of shares that are meant to be equal


class NumberBins(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="number"):
    """x is in bin i when edges[i-1] < x <= edges[i]."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]  # one more than edges
    missing: float
    minimum: float | None
    maximum: float | None

    def check(self) -> None:
        """Raise `ValueError` with the expectation that the bins do not meet, and what was received."""
        edges, least, most = self.edges, self.minimum, self.maximum
        if len(edges) > EDGES_MAX or list(edges) != sorted(set(edges)):
            raise ValueError(f"expected at most {EDGES_MAX} ascending edges. Received: {list(edges)!s:.200}")
        if (least is None) != (most is None) or (least is not None and most is not None and least > most):
            raise ValueError(f"expected minimum <= maximum. Received: {least} and {most}")
        if len(self.shares) != len(edges) + 1:
            raise ValueError(f"expected {len(edges) + 1} shares. Received: {len(self.shares)}")
        check_shares([*self.shares, self.missing])

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Training's minimum and maximum."""
        return None if self.minimum is None or self.maximum is None else (self.minimum, self.maximum)

    @property
    def median(self) -> float | None:
        """The upper edge of the bin in which the middle one lies of the values that are not missing."""
        below = itertools.accumulate(self.shares)
        middle = next((at for at, share in enumerate(below) if share >= sum(self.shares) / 2 - TIE), 0)
        return (*self.edges, self.maximum)[middle]

    def layout(self) -> Layout:
        return Layout((*self._names(), MISSING), (*self.shares, self.missing), ranged=self.bounds is not None)

    def prediction(self) -> Layout:
        """Lay out the bins of a prediction, which is never missing."""
        return Layout(self._names(), self.shares)

    def count(self, values: Array) -> Floats:
        """Count predictions, (rows,): rows by bin."""
        places = np.searchsorted(np.array(self.edges), values, side="left")
        return np.bincount(places, minlength=len(self.shares)).astype(np.float64)  # (bins,)

    def _names(self) -> tuple[str, ...]:
        return tuple([str(number) for number in range(1, len(self.shares) + 1)])


class NumberCounter:
    """The numbers in `columns` of one tensor, counted together: with calls for each, wide rows would stop the loop."""

    def __init__(self, columns: Sequence[int], counted: Sequence[Counted]) -> None:
        self._columns = np.array(columns, np.int64)
        self._places = np.array([each.place for each in counted], np.int64)
        edges = np.full((EDGES_MAX, len(counted), 1), np.inf)
        for at, each in enumerate(counted):
            edges[: len(each.bins.edges), at, 0] = each.bins.edges
        self._edges = {np.dtype(np.float64): edges, np.dtype(np.float32): floats_below(edges)}
        self._starts = np.array([[each.start] for each in counted], np.int64)  # (features, 1)
        self._missing = np.array([[each.start + len(each.bins.shares)] for each in counted], np.int64)
        bounds = [each.bins.bounds or (-np.inf, np.inf) for each in counted]
        self._least, self._most = np.array(bounds).T[:, :, None]

    def count(self, values: Array, found: Floats, out_of_range: Floats) -> None:
        """Count rows; `values` is the whole tensor, (rows, columns)."""
        values = np.ascontiguousarray(values.T[self._columns])  # (features, rows)
        below = np.zeros(values.shape, np.uint8)  # edges below each value
        for edge in self._edges.get(values.dtype, self._edges[np.dtype(np.float64)]):
            below += values > edge
        bins = self._starts + below
        np.copyto(bins, self._missing, where=np.isnan(values))
        found += np.bincount(bins.ravel(), minlength=len(found))
        outside = (values < self._least) | (values > self._most)
        out_of_range[self._places] += np.count_nonzero(outside, axis=1)


def floats_below(edges: Floats) -> Array:
    """Return the largest 32-bit floats that are not above: those beyond an edge are beyond its float."""
    with np.errstate(over="ignore"):
        rounded = edges.astype(np.float32)
    return np.where(rounded > edges, np.nextafter(rounded, np.float32(-np.inf)), rounded)
