"""Calibrate: fitted network, validation rows -> probabilities that mean what they say, and labels by a threshold.

    logits ─ temperature ─> probabilities as sure as they are right ─ threshold ─> shifted so that it lies at 1/2

Both are folded into the last weights: nothing is added to the graph, and every protocol, the drift and the
feedback see the same answers. docs/decisions/0206-threshold-in-the-graph.md says what that costs.
It knows nothing about how the network was fitted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.calibration.threshold import best_threshold
from training.columns.arrays import Rows, predict_in_batches
from training.errors import DataError
from training.network.architectures import rescale
from training.network.network import Network
from training.options import Options
from training.tasks.base import Task
from training.tasks.options import LabelOptions

COLDEST, HOTTEST = 0.05, 20.0  # bounds of the temperature: beyond, the validation rows are too few to tell
HALVINGS = 30  # of the logarithm of the ratio of the two bounds: the temperature to eight digits


@dataclass(frozen=True)
class Adjustment:
    """What was changed about the answers after the fit, by the validation rows."""

    temperature: float = 1.0  # above 1: the network was too sure of itself
    log_loss_before: float | None = None  # of the validation rows; None where nothing was fitted
    log_loss_after: float | None = None
    threshold: float | None = None  # of the second label's probability; None: the most probable label
    threshold_for: str | None = None
    metric_before: float | None = None  # at 1/2, on the validation rows
    metric_after: float | None = None  # at the threshold


def check(options: Options, task: Task) -> None:
    """Refuse what the task cannot have, before anything is fitted.

    Raises:
        DataError: naming the option.
    """
    asked = options.own(LabelOptions)
    if asked.threshold_for is not None and task.name != "binary":
        raise DataError(f"`--threshold-for`: expected a target with two labels. Received: {task.name}.")
    if asked.label_smoothing and not task.labels:
        raise DataError(f"`--label-smoothing`: expected a target of classes. Received: {task.name}.")
    if asked.class_weights and not task.labels:
        raise DataError(f"`--class-weights`: expected a target of classes. Received: {task.name}.")


def adjust(network: Network, task: Task, validation: Rows, options: Options) -> Adjustment:
    """Fit temperature and threshold, change the network in place, and say what was done."""
    if not task.labels:
        return Adjustment()
    answers = predict_in_batches(network.predict, validation.arrays)[task.output]  # (rows, labels)
    logits, wanted = _logits(answers), options.own(LabelOptions)
    temperature = fit_temperature(logits, validation.y) if wanted.calibrate else 1.0
    calm = np.exp(_log_shares(logits / temperature))
    threshold, before, after = None, None, None
    if wanted.threshold_for is not None:
        threshold, before, after = best_threshold(wanted.threshold_for, validation.y, calm[:, 1])
    rescale(network.trunk, 1 / temperature, _shift(threshold))
    return Adjustment(
        temperature=temperature,
        log_loss_before=log_loss(logits, validation.y),
        log_loss_after=log_loss(logits / temperature, validation.y),
        threshold=threshold,
        threshold_for=wanted.threshold_for,
        metric_before=before,
        metric_after=after,
    )


def undone(outputs: NDArray[Any], found: Adjustment) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the probabilities that a network fitted, and those after the temperature alone: (rows, labels) each.

    Args:
        outputs: what an adjusted network answers, (rows, labels).
        found: how it was adjusted.
    """
    calm = _logits(outputs) - _shift(found.threshold)
    return np.exp(_log_shares(calm * found.temperature)), np.exp(_log_shares(calm))


def fit_temperature(logits: NDArray[Any], y: NDArray[Any]) -> float:
    """Return the temperature with the least log loss.

    Temperature scaling: Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks".

    Args:
        logits: (rows, labels).
        y: the number of each row's label, (rows,).
    """
    low, high = 1 / HOTTEST, 1 / COLDEST  # of 1 / temperature, in which the loss is convex: where its slope is zero
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if _slope(logits, y, middle) > 0 else (middle, high)
    temperature = float(1 / np.sqrt(low * high))
    return temperature if log_loss(logits / temperature, y) < log_loss(logits, y) else 1.0


def _slope(logits: NDArray[Any], y: NDArray[Any], rate: float) -> float:
    """Return the slope of the log loss of `rate * logits` by the rate: what is expected less what was true."""
    expected = (np.exp(_log_shares(rate * logits)) * logits).sum(axis=1)  # (rows,)
    return float((expected - logits[np.arange(len(y)), y]).mean())


def log_loss(logits: NDArray[Any], y: NDArray[Any]) -> float:
    """Return the mean negative logarithm of the probability of what was true."""
    return float(-_log_shares(logits)[np.arange(len(y)), y].mean())


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
