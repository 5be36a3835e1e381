"""Calibrate: probabilities of the validation rows -> probabilities that mean what they say, and labels by a threshold.

    logits ─ temperature ─> probabilities as sure as they are right ─ threshold ─> shifted so that it lies at 1/2

What that costs, docs/decisions/0206-threshold-in-the-graph.md says. It knows nothing about how probabilities were
found, nor how the change is folded into a network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.calibration.adjustment import Adjustment
from training.calibration.threshold import ThresholdMetric, best_threshold

COLDEST, HOTTEST = 0.05, 20.0  # bounds of the temperature: beyond, the validation rows are too few to tell
HALVINGS = 30  # of the logarithm of the ratio of the two bounds: the temperature to eight digits


@dataclass(frozen=True, eq=False)
class Calibrated(Adjustment):
    """What was changed about the probabilities after the fit."""

    temperature: float = 1.0  # above 1: the network was too sure of itself
    log_loss_before: float = 0.0  # of the validation rows
    log_loss_after: float = 0.0
    threshold: float | None = None  # of the second label's probability; None: the most probable label
    threshold_for: str | None = None
    metric_before: float | None = None  # at 1/2, on the validation rows
    metric_after: float | None = None  # at the threshold

    def facts(self) -> dict[str, Any]:
        chosen = {"value": self.threshold, "for": self.threshold_for}
        return {"temperature": self.temperature, "threshold": chosen if self.threshold is not None else None}

    def said(self) -> list[tuple[str, str]]:
        found = []
        if self.temperature != 1:
            found.append(("Calibrate", f"temperature {self.temperature:.3f}"))
        if self.threshold is not None:
            gain = f"{self.metric_after:.4f} on validation, {self.metric_before:.4f} at one half"
            found.append(("Threshold", f"{self.threshold:.3f}: {self.threshold_for} {gain}"))
        return found


def calibrated(
    answers: NDArray[Any],
    y: NDArray[Any],
    weights: NDArray[np.float64] | None = None,
    *,
    temperature: bool = True,
    threshold_for: ThresholdMetric | None = None,
) -> Calibrated:
    """Fit what is asked for, by the probabilities (rows, labels) of the validation rows, their labels and weights."""
    logits = _logits(answers)
    found = fit_temperature(logits, y, weights) if temperature else 1.0
    calm = np.exp(_log_shares(logits / found))
    threshold, before, after = None, None, None
    if threshold_for is not None:
        threshold, before, after = best_threshold(threshold_for, y, calm[:, 1], weights)
    return Calibrated(
        scale=1 / found,
        shift=_shift(threshold),
        temperature=found,
        log_loss_before=log_loss(logits, y, weights),
        log_loss_after=log_loss(logits / found, y, weights),
        threshold=threshold,
        threshold_for=threshold_for,
        metric_before=before,
        metric_after=after,
    )


def undone(outputs: NDArray[Any], found: Calibrated) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the probabilities that a network fitted, and those after the temperature alone: (rows, labels) each."""
    calm = _logits(outputs) - _shift(found.threshold)
    return np.exp(_log_shares(calm * found.temperature)), np.exp(_log_shares(calm))


def fit_temperature(logits: NDArray[Any], y: NDArray[Any], weights: NDArray[np.float64] | None = None) -> float:
    """Return the temperature with the least log loss, by (rows, labels) logits and each row's label and weight.

    Temperature scaling: Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks".
    """

    def slope(rate: float, doubt: float) -> float:
        """Return what is expected less what was true, or was any label by so much doubt, averaged over the rows."""
        expected = (np.exp(_log_shares(rate * logits)) * logits).sum(axis=1)  # (rows,)
        true = (1 - doubt) * logits[np.arange(len(y)), y] + doubt * logits.mean(axis=1)
        return float(np.average(expected - true, weights=weights))

    temperature = coldest(slope, len(y) if weights is None else weights.sum())
    return temperature if log_loss(logits / temperature, y, weights) < log_loss(logits, y, weights) else 1.0


def coldest(slope: Callable[[float, float], float], rows: float) -> float:
    """Return the temperature at which a loss has no slope, by `slope(1 / temperature, doubt)`.

    Where rows are all answered rightly the loss falls on and on, to probabilities of 0 and 1. So answers become surer
    only as far as so many rows can show: the next one may be the first that is wrong (Laplace's rule of succession).
    """
    found = _without_slope(lambda rate: slope(rate, 0.0))
    return found if found >= 1 else min(1.0, _without_slope(lambda rate: slope(rate, 1 / (rows + 2))))


def _without_slope(slope: Callable[[float], float]) -> float:
    low, high = 1 / HOTTEST, 1 / COLDEST  # of 1 / temperature, in which the loss is convex
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return float(1 / np.sqrt(low * high))


def log_loss(logits: NDArray[Any], y: NDArray[Any], weights: NDArray[np.float64] | None = None) -> float:
    """Return the mean negative logarithm of the probability of what was true."""
    return float(np.average(-_log_shares(logits)[np.arange(len(y)), y], weights=weights))


def _logits(answers: NDArray[Any]) -> NDArray[np.float64]:
    logarithms: NDArray[np.float64] = np.log(np.maximum(answers.astype(np.float64), np.finfo(np.float32).tiny))
    return logarithms


def _log_shares(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return the logarithm of the probabilities: (rows, labels)."""
    held = logits - logits.max(axis=1, keepdims=True)
    shares: NDArray[np.float64] = held - np.log(np.exp(held).sum(axis=1, keepdims=True))
    return shares


def _shift(threshold: float | None) -> NDArray[Any] | float:
    """Return what moves a probability of `threshold` to one half: (outputs,)."""
    if threshold is None:
        return 0.0
    return np.array([np.log(threshold), np.log1p(-threshold)])
