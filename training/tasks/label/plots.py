"""Plots of labels: confusion · ROC and precision-recall · reliability before and after the temperature."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.calibration.reliability import equal_shares, in_bins
from training.calibration.temperature import Calibrated, undone
from training.rendering import pictures
from training.rendering.picture import Picture
from training.tasks.label.metrics import claims, confusion

CONFUSION, RANKING, RELIABILITY = "confusion.png", "roc_pr.png", "reliability.png"


def plots(
    y: NDArray[Any],
    probabilities: NDArray[Any],
    adjustment: Calibrated,
    labels: Sequence[str],
    weights: NDArray[np.float64] | None = None,
) -> dict[str, Picture]:
    """Draw all three: file name -> picture."""
    return {
        CONFUSION: pictures.confusion_matrix(confusion(y, probabilities, weights), labels),
        RANKING: pictures.roc_and_precision_recall(y, probabilities, labels, weights),
        RELIABILITY: reliability(y, _before_and_after(probabilities, adjustment), labels, weights),
    }


def _before_and_after(probabilities: NDArray[Any], adjustment: Calibrated) -> dict[str, NDArray[Any]]:
    """Return the probabilities without the threshold: as fitted and, where it changed them, by the temperature."""
    raw, calm = undone(probabilities, adjustment)
    return {"as fitted": raw} if adjustment.temperature == 1 else {"as fitted": raw, "as calibrated": calm}


@pictures.picture
def reliability(
    y: NDArray[Any],
    said: Mapping[str, NDArray[Any]],
    labels: Sequence[str],
    weights: NDArray[np.float64] | None = None,
) -> Figure:
    """Draw how often what is said with which probability comes true: what it is called -> (rows, labels) of it."""
    figure, (curves, histogram) = pictures.new_figure(2)
    curves.plot([0, 1], [0, 1], color="grey", linestyle=":")
    about = f"of {labels[1]}" if len(labels) == 2 else "of the most probable label"
    for name, outputs in said.items():
        true, probability = claims(y, outputs)
        bins = in_bins(true, np.clip(probability, 0, 1), weights, equal_shares(np.clip(probability, 0, 1), weights))
        gap = bins.share @ np.abs(bins.claimed - bins.came_true)
        curves.plot(
            bins.claimed, bins.came_true, marker="o", markersize=3, label=f"{name} ({100 * gap:.1f} points off)"
        )
        histogram.hist(probability, bins=20, range=(0, 1), histtype="step", label=name, weights=weights)
    pictures.name_axes(curves, "Reliability", f"probability {about}", "share that came true")
    pictures.name_axes(histogram, "How often it is said", f"probability {about}", "rows")
    curves.legend(fontsize="small")
    return figure
