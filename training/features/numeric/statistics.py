"""Statistics of floats in the training rows, by which number, boolean and date encode them alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.columns.precision import needs_doubles
from training.columns.summaries import NumberSummary

MIN_PIECE_ROWS = 10  # a piece of a number's range with fewer training rows would be learned by heart
FIFTHS = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Floats:
    """Floats in the training split; float32 values, as the graph sees them, or doubles where it takes those."""

    missing_share: float
    minimum: float
    maximum: float
    mean: float
    deviation: float  # 0 when they are constant
    median: float
    edges: tuple[float, ...]  # quantiles from minimum to maximum, ascending, unique
    double: bool = False  # whether 32 bits would not tell them apart


def describe(values: NDArray[Any], bins: int) -> Floats:
    """Describe (rows,) floats with NaN for missing, in at most so many pieces."""
    double = needs_doubles(values)
    values = values.astype(np.float64) if double else values.astype(np.float32).astype(np.float64)
    present = values[~np.isnan(values)]
    if not len(present):  # missing in every training row, though not in the others
        present = np.zeros(1)
    return Floats(
        missing_share=float(np.isnan(values).mean()),
        minimum=float(present.min()),
        maximum=float(present.max()),
        mean=float(present.mean()),
        deviation=float(present.std()),
        median=float(np.quantile(present, 0.5, method="inverted_cdf")),
        edges=_cuts(present, bins),
        double=double,
    )


def exact(sampled: Floats, of: NumberSummary) -> Floats:
    """Return what a sample could not say: quantiles stay, everything else is of all training rows."""
    if not of.present:
        return replace(sampled, missing_share=of.missing_share)
    moments = of.moments if sampled.double else of.rounded
    edges = sorted({moments.minimum, *sampled.edges[1:-1], moments.maximum})
    return replace(
        sampled,
        missing_share=of.missing_share,
        minimum=float(moments.minimum),
        maximum=float(moments.maximum),
        mean=moments.mean,
        deviation=moments.deviation,
        edges=tuple(map(float, edges)),
    )


def recut(described: Floats, sampled: Floats) -> Floats:
    """Return the statistics of all training rows, with the pieces that a sample was cut into."""
    edges = {described.edges[0], *sampled.edges[1:-1], described.edges[-1]}
    return replace(described, edges=tuple(sorted(edges)))


def slices(trained: NDArray[Any], values: NDArray[Any]) -> Iterator[tuple[float, float, NDArray[np.bool_]]]:
    """Yield the ends of the ranges between fifths of the training rows, and which rows lie in each."""
    known = trained[np.isfinite(trained)]
    inner = np.unique(np.quantile(known, FIFTHS)) if len(known) else np.zeros(1)
    for low, high in pairwise([-np.inf, *inner.tolist(), np.inf]):
        yield low, high, (values > low) & (values <= high)


def _cuts(present: NDArray[np.float64], bins: int) -> tuple[float, ...]:
    """Return quantiles in which no single value counts for more than one piece.

    Plain quantiles of a column that is nine tenths zeros would spend nine tenths of the pieces on the zero.
    """
    bins = max(1, min(bins, len(present) // MIN_PIECE_ROWS))
    values, counts = np.unique(present, return_counts=True)  # (different,)
    weights = np.minimum(counts, len(present) / bins)
    reached = np.cumsum(weights) / weights.sum()
    places = np.searchsorted(reached, np.linspace(0, 1, bins + 1)[1:-1])
    return tuple(np.unique(values[[0, *places, -1]]).tolist())
