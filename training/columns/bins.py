"""Bins: how numbers lie in the training rows, as `profile.json` keeps it; drift is measured against it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

DECILES = np.arange(1, 10) / 10


def number_bins(values: NDArray[Any]) -> dict[str, Any]:
    """Cut at the deciles: x is in bin i when edges[i-1] < x <= edges[i]."""
    present = values[~np.isnan(values)].astype(np.float64)
    if not len(present):
        return {"kind": "number", "edges": [], "shares": [0.0], "missing": 1.0, "minimum": None, "maximum": None}
    edges = np.unique(np.quantile(present, DECILES, method="inverted_cdf"))
    counts = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1)
    return {
        "kind": "number",
        "edges": edges.tolist(),
        "shares": (counts / len(values)).tolist(),
        "missing": 1 - len(present) / len(values),
        "minimum": float(present.min()),
        "maximum": float(present.max()),
    }


def shortest(value: float) -> float:
    """Return the shortest number that is the same 32-bit float."""
    return float(str(np.float32(value)))
