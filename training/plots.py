"""Plots: small pictures for the card.

    learning curves · confusion, ROC and calibration for classes · residuals for numbers

Each function returns the bytes of one PNG file. It knows nothing about files or models.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.calibration import calibration_curve

DOTS_AN_INCH = 90
CALIBRATION_BINS = 10
MAX_WRITTEN_LABELS = 12  # above, numbers in the cells of a confusion matrix cannot be read


def learning_curves(loss: Sequence[float], validation_loss: Sequence[float], best_epoch: int) -> bytes:
    """Draw both losses by epoch, and the epoch that was kept."""
    figure, (axes,) = _figure(1)
    epochs = range(1, len(loss) + 1)
    axes.plot(epochs, loss, label="training")
    axes.plot(epochs, validation_loss, label="validation")
    axes.axvline(best_epoch, color="grey", linestyle=":", label="kept")
    _name(axes, "Learning curves", "epoch", "loss")
    axes.legend()
    return _png(figure)


def confusion_matrix(counts: NDArray[np.int64], labels: Sequence[str]) -> bytes:
    """Draw the share of each true label that was given each label."""
    figure, (axes,) = _figure(1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(labels) <= MAX_WRITTEN_LABELS:
        axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right")
        axes.set_yticks(range(len(labels)), labels)
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{count}", ha="center", va="center", color=color)
    _name(axes, "Confusion (rows of the test split)", "predicted", "true")
    return _png(figure)


def roc_and_calibration(y: NDArray[Any], outputs: NDArray[Any], labels: Sequence[str]) -> bytes:
    """Draw the ROC and the calibration curve of the second label, or of each against the rest."""
    figure, (roc, calibration) = _figure(2)
    for axes in (roc, calibration):
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    shown = range(1, 2) if len(labels) == 2 else range(min(len(labels), MAX_WRITTEN_LABELS))
    for label in shown:
        is_label, probability = y == label, outputs[:, label]
        if not 0 < is_label.mean() < 1:
            continue
        false_positive, true_positive, _ = metrics.roc_curve(is_label, probability)
        roc.plot(false_positive, true_positive, label=labels[label])
        said, found = _calibration(is_label, probability)
        calibration.plot(said, found, marker="o", markersize=3, label=labels[label])
    _name(roc, "ROC", "false positive rate", "true positive rate")
    _name(calibration, "Calibration", "predicted probability", "observed share")
    if roc.get_legend_handles_labels()[0]:
        roc.legend(fontsize="small")
    return _png(figure)


def residuals(y: NDArray[Any], predicted: NDArray[Any], target: str) -> bytes:
    """Draw predicted against true values, and the distribution of the errors."""
    figure, (scatter, histogram) = _figure(2)
    scatter.hexbin(y, predicted, gridsize=40, mincnt=1, bins="log", cmap="Blues")
    ends = [float(min(y.min(), predicted.min())), float(max(y.max(), predicted.max()))]
    scatter.plot(ends, ends, color="grey", linestyle=":")
    _name(scatter, "Predicted against true", f"true {target}", f"predicted {target}")
    errors = predicted - y
    histogram.hist(errors, bins=50, range=tuple(np.quantile(errors, [0.005, 0.995])))
    _name(histogram, "Errors (middle 99 %)", "predicted - true", "rows")
    return _png(figure)


def _calibration(is_label: NDArray[Any], probability: NDArray[Any]) -> tuple[Any, Any]:
    found, said = calibration_curve(is_label, np.clip(probability, 0, 1), n_bins=CALIBRATION_BINS, strategy="quantile")
    return said, found


def _figure(panels: int) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(4.4 * panels, 3.6), layout="constrained")
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def _name(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set(title=title, xlabel=x, ylabel=y)


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DOTS_AN_INCH, metadata={"Software": None})
    return stream.getvalue()
