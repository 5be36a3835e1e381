"""Decisions: answers to the validation rows -> a temperature for all labels, and a threshold for each.

    logits ─ temperature ─> probabilities as sure as they are right ─ thresholds ─> labels

The temperature is folded into the network; the thresholds are kept beside it, so that probabilities stay what they are.
It knows nothing about how probabilities were found.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.calibration.adjustment import Adjustment
from training.calibration.temperature import coldest
from training.calibration.threshold import best_threshold

Truths = NDArray[np.bool_]  # (rows, labels)
HALF = 0.5
SMALLEST = 1e-7  # a 32-bit float cannot tell 1 - 1e-8 from 1


@dataclass(frozen=True, eq=False)
class Decided(Adjustment):
    """What was decided after the fit."""

    temperature: float = 1.0  # above 1: the network was too sure of itself
    loss_before: float = 0.0  # binary cross-entropy of the validation rows
    loss_after: float = 0.0
    thresholds: tuple[float, ...] = ()

    def facts(self) -> dict[str, Any]:
        return {"temperature": self.temperature}

    def said(self) -> list[tuple[str, str]]:
        spread = f"{min(self.thresholds):.3f} to {max(self.thresholds):.3f}, for the F1 of each label on validation"
        found = [("Calibrate", f"temperature {self.temperature:.3f}")] if self.temperature != 1 else []
        return [*found, ("Thresholds", spread)]


def decided(probabilities: NDArray[Any], y: Truths, weights: NDArray[np.float64] | None, *, calibrate: bool) -> Decided:
    """Fit both by (rows, labels) answers to the validation rows, and what was true of them."""
    logits = _logits(probabilities)
    temperature = fit_temperature(logits, y, weights) if calibrate else 1.0
    return Decided(
        scale=1 / temperature,
        temperature=temperature,
        loss_before=loss(logits, y, weights),
        loss_after=loss(logits / temperature, y, weights),
        thresholds=thresholds(_shares(logits / temperature), y, weights),
    )


def thresholds(probabilities: NDArray[Any], y: Truths, weights: NDArray[np.float64] | None) -> tuple[float, ...]:
    """Return from which probability on each label has its best F1, as 32-bit floats; one half where nothing tells."""
    return tuple(_threshold(said, has, weights) for said, has in zip(probabilities.T, y.T, strict=True))


def fit_temperature(logits: NDArray[np.float64], y: Truths, weights: NDArray[np.float64] | None) -> float:
    """Return the temperature with the least cross-entropy, by (rows, labels) logits, sets of labels and weights."""

    def slope(rate: float, doubt: float) -> float:
        true = (1 - doubt) * y + doubt / 2
        return float(np.average(((_shares(rate * logits) - true) * logits).mean(axis=1), weights=weights))

    temperature = coldest(slope, len(y) if weights is None else weights.sum())
    return temperature if loss(logits / temperature, y, weights) < loss(logits, y, weights) else 1.0


def loss(logits: NDArray[np.float64], y: Truths, weights: NDArray[np.float64] | None) -> float:
    """Return the mean binary cross-entropy over labels and rows."""
    signed = np.where(y, -logits, logits)
    return float(np.average(np.logaddexp(0, signed).mean(axis=1), weights=weights))


def _threshold(said: NDArray[Any], has: NDArray[np.bool_], weights: NDArray[np.float64] | None) -> float:
    counted = has if weights is None else has[weights > 0]
    if counted.all() or not counted.any():
        return HALF
    at, _, _ = best_threshold("f1", has.astype(np.int64), said.astype(np.float64), weights)
    return float(np.float32(at))


def _logits(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    held = np.clip(probabilities.astype(np.float64), SMALLEST, 1 - SMALLEST)
    logits: NDArray[np.float64] = np.log(held) - np.log1p(-held)
    return logits


def _shares(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = 0.5 * (1 + np.tanh(logits / 2))
    return shares
