"""Reliability: what was claimed with which probability, and how often it came true, in bins of the probability.

    edges of the bins ─ equal shares of the rows, or tenths ─┐
    whether it came true, probability, weights ──────────────┴─> claimed, came true, share and rows, bin by bin

It knows nothing about labels, nor about how it is shown.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10
TENTHS = np.arange(1, BINS) / BINS  # edges that a person can name: "where it says 70 to 80 %"


@dataclass(frozen=True)
class Reliability:
    """Bins that something was claimed in: (bins,) each."""

    claimed: NDArray[np.float64]  # the mean probability
    came_true: NDArray[np.float64]  # share
    share: NDArray[np.float64]  # of all claims; times the distance, summed: the expected calibration error
    claims: NDArray[np.int64]

    def facts(self, of: str) -> dict[str, Any]:
        """Return what the manifest keeps; `of` says what was claimed."""
        columns = (self.claimed, self.came_true, self.claims)
        return {"of": of, "bins": [list(each) for each in zip(*(column.tolist() for column in columns), strict=True)]}


def in_bins(
    true: NDArray[np.bool_],
    probability: NDArray[Any],
    weights: NDArray[np.float64] | None = None,
    edges: NDArray[Any] = TENTHS,
) -> Reliability:
    """Put claims, (claims,), into bins: x is in bin i when edges[i-1] < x <= edges[i]."""
    each = np.ones(len(true)) if weights is None else weights
    of = np.searchsorted(edges, probability)  # (claims,)
    total, claimed, found = (np.bincount(of, each * values) for values in (1.0, probability, true))
    there = total > 0
    return Reliability(
        claimed[there] / total[there], found[there] / total[there], total[there] / total.sum(), np.bincount(of)[there]
    )


def equal_shares(probability: NDArray[Any], weights: NDArray[np.float64] | None = None) -> NDArray[Any]:
    """Return edges between which equal shares of the rows lie; equal probabilities fall into one bin."""
    each = np.ones(len(probability)) if weights is None else weights
    order = np.argsort(probability, kind="stable")
    ranks = np.cumsum(each[order]) / each.sum()
    edges: NDArray[Any] = probability[order][np.searchsorted(ranks, TENTHS)]
    return edges
