"""Residuals: what the truth lies above the answer, on rows that judge -> how far off answers are.

    truth - answer, (rows,) ─ weighted quantiles ─> half width of a band around answers, and quantiles

They are measured shares of these very rows, no promise for a single one: "±2,100 in 95 % of test rows".
It knows nothing about models.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.rendering.markdown import number

LEVEL = 0.95
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)  # an answer and one of them: a bound for so many of the rows


def facts(errors: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> dict[str, Any]:
    """Return what the manifest keeps of (rows,) errors; at least `LEVEL` of the rows lie within `half_width`."""
    return {
        "level": LEVEL,
        "half_width": float(quantiles(np.abs(errors), [LEVEL], weights)[0]),
        "quantiles": dict(zip(map(str, QUANTILES), quantiles(errors, QUANTILES, weights).tolist(), strict=True)),
        "rows": len(errors),
    }


def said(found: Mapping[str, Any]) -> str:
    """Say it in a sentence of the card."""
    low, high = found["quantiles"]["0.1"], found["quantiles"]["0.9"]
    return (
        f"In {found['level']:.0%} of the test rows the truth is within ±{number(found['half_width'])} of the answer; "
        f"the truth less the answer lies from {number(low)} to {number(high)} in the middle 80 %."
    )


def quantiles(values: NDArray[np.float64], at: Any, weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the smallest values at or below which so much of the rows lies."""
    found: NDArray[np.float64] = np.quantile(values, at, weights=weights, method="inverted_cdf")
    return found
