"""Plots of labels: confusion · ROC and precision-recall · reliability before and after the temperature."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve

from training.calibration.temperature import Calibrated, undone
from training.rendering import pictures
from training.tasks.label.metrics import confusion

CONFUSION, RANKING, RELIABILITY = "confusion.png", "roc_pr.png", "reliability.png"
BINS = 10  # of the reliability, with as many rows each


def plots(
    y: NDArray[Any], probabilities: NDArray[Any], adjustment: Calibrated, labels: Sequence[str]
) -> dict[str, bytes]:
    """Draw all three: file name -> picture."""
    return {
        CONFUSION: pictures.confusion_matrix(confusion(y, probabilities), labels),
        RANKING: pictures.roc_and_precision_recall(y, probabilities, labels),
        RELIABILITY: reliability(y, _before_and_after(probabilities, adjustment), labels),
    }


def _before_and_after(probabilities: NDArray[Any], adjustment: Calibrated) -> dict[str, NDArray[Any]]:
    """Return the probabilities without the threshold: as fitted and, where it changed them, by the temperature."""
    raw, calm = undone(probabilities, adjustment)
    return {"as fitted": raw} if adjustment.temperature == 1 else {"as fitted": raw, "as calibrated": calm}


def reliability(y: NDArray[Any], said: Mapping[str, NDArray[Any]], labels: Sequence[str]) -> bytes:
    """Draw how often what is said with which probability comes true: what it is called -> (rows, labels) of it."""
    figure, (curves, histogram) = pictures.new_figure(2)
    curves.plot([0, 1], [0, 1], color="grey", linestyle=":")
    about = f"of {labels[1]}" if len(labels) == 2 else "of the most probable label"
    for name, outputs in said.items():
        true, probability = _claims(y, outputs)
        found, claimed = calibration_curve(true, np.clip(probability, 0, 1), n_bins=BINS, strategy="quantile")
        gap = calibration_gap(true, probability)
        curves.plot(claimed, found, marker="o", markersize=3, label=f"{name} ({100 * gap:.1f} points off)")
        histogram.hist(probability, bins=20, range=(0, 1), histtype="step", label=name)
    pictures.name_axes(curves, "Reliability", f"probability {about}", "share that came true")
    pictures.name_axes(histogram, "How often it is said", f"probability {about}", "rows")
    curves.legend(fontsize="small")
    return pictures.to_bytes(figure)


def calibration_gap(true: NDArray[np.bool_], probability: NDArray[Any]) -> float:
    """Return how far probabilities are from what came true, on average over the rows (expected calibration error)."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    gaps = [len(part) * abs(float(true[part].mean() - probability[part].mean())) for part in parts]
    return sum(gaps) / len(order)


def _claims(y: NDArray[Any], outputs: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Return whether each claim came true, and the probability it was made with."""
    if outputs.shape[1] == 2:
        return y == 1, outputs[:, 1]
    best = outputs.argmax(axis=1)
    return y == best, outputs.max(axis=1)
