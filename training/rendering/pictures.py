"""Plots: small pictures for the card and the page.

    @picture ─> draw a figure ─> lay it out ─> a PNG for the card, an SVG for a page that may be light or dark

A figure is drawn and laid out once for both: this takes longer than writing it. It knows nothing about models.
"""

import io
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray
from sklearn import metrics

from training.rendering.picture import Picture

DOTS_AN_INCH = 90
INK = "#010203"  # stands for the colour of the text around an SVG; in a PNG, it is as good as black
STYLE: Any = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor"), "none"),
    "axes.prop_cycle": cycler(color=["#3b7dd8", "#d9730d", "#2a9d6f", "#b455b6", "#c94a4a", "#8a8d91"]),
    "legend.edgecolor": "none",
    "text.parse_math": False,  # labels and columns are called as they are called: $a is no formula
    "font.sans-serif": ["system-ui", "DejaVu Sans"],
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "slipway",  # the same picture is the same file
    "svg.id": "plot",
}
P = ParamSpec("P")
MAX_WRITTEN_LABELS = 12  # above, numbers in the cells of a confusion matrix cannot be read


def picture(draw: Callable[P, Figure]) -> Callable[P, Picture]:
    """Make of a function that draws a figure one that returns the files of it."""

    @wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> Picture:
        with mpl.rc_context(STYLE):
            return _written(draw(*args, **options))

    return drawn


@picture
def learning_curves(loss: Sequence[float], validation_loss: Sequence[float], best_epoch: int) -> Figure:
    """Draw both losses by epoch, and the epoch that was kept."""
    figure, (axes,) = new_figure(1)
    epochs = range(1, len(loss) + 1)
    axes.plot(epochs, loss, label="training")
    axes.plot(epochs, validation_loss, label="validation")
    axes.axvline(best_epoch, color="grey", linestyle=":", label="kept")
    name_axes(axes, "Learning curves", "epoch", "loss")
    axes.legend()
    return figure


@picture
def confusion_matrix(counts: NDArray[Any], labels: Sequence[str]) -> Figure:
    """Draw the share of each true label that was given each label."""
    figure, (axes,) = new_figure(1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(labels) <= MAX_WRITTEN_LABELS:
        axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right")
        axes.set_yticks(range(len(labels)), labels)
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column, row, f"{count:g}" if count < 1e6 else f"{count:.3g}", ha="center", va="center", color=color
            )
    name_axes(axes, "Confusion (rows of the test split)", "predicted", "true")
    return figure


@picture
def roc_and_precision_recall(
    y: NDArray[Any], outputs: NDArray[Any], labels: Sequence[str], weights: NDArray[Any] | None = None
) -> Figure:
    """Draw both curves of the second label, or of each against the rest, with the area under each."""
    counting: dict[str, Any] = {"sample_weight": weights}
    figure, (roc, recalls) = new_figure(2)
    roc.plot([0, 1], [0, 1], color="grey", linestyle=":")
    shown = range(1, 2) if len(labels) == 2 else range(min(len(labels), MAX_WRITTEN_LABELS))
    for label in shown:
        is_label, probability = y == label, outputs[:, label]
        share = float(np.average(is_label, weights=weights))
        if not 0 < share < 1:
            continue
        false_positive, true_positive, _ = metrics.roc_curve(is_label, probability, **counting)
        area = metrics.roc_auc_score(is_label, probability, **counting)
        (line,) = roc.plot(false_positive, true_positive, label=f"{labels[label]} ({area:.3f})")
        precision, recall, _ = metrics.precision_recall_curve(is_label, probability, drop_intermediate=True, **counting)
        area = metrics.average_precision_score(is_label, probability, **counting)
        recalls.step(recall, precision, where="post", color=line.get_color(), label=f"{labels[label]} ({area:.3f})")
        recalls.axhline(share, color=line.get_color(), linestyle=":", linewidth=0.8)  # what guessing reaches
    name_axes(roc, "ROC (area)", "false positive rate", "true positive rate")
    name_axes(recalls, "Precision and recall (area)", "recall", "precision")
    recalls.set_ylim(0, 1.03)
    for axes in (roc, recalls):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="small")
    return figure


@picture
def residuals(y: NDArray[Any], predicted: NDArray[Any], target: str, weights: NDArray[Any] | None = None) -> Figure:
    """Draw predicted against true values, and the distribution of the errors."""
    figure, (scatter, histogram) = new_figure(2)
    scatter.hexbin(y, predicted, gridsize=40, mincnt=1, bins="log", cmap="viridis", C=weights, reduce_C_function=np.sum)
    ends = [float(min(y.min(), predicted.min())), float(max(y.max(), predicted.max()))]
    scatter.plot(ends, ends, color="grey", linestyle=":")
    name_axes(scatter, "Predicted against true", f"true {target}", f"predicted {target}")
    errors = predicted - y
    histogram.hist(errors, bins=50, range=tuple(np.quantile(errors, [0.005, 0.995])), weights=weights)
    name_axes(histogram, "Errors (middle 99 %)", "predicted - true", "rows")
    return figure


def new_figure(panels: int) -> tuple[Figure, Sequence[Axes]]:
    """Begin a picture with panels side by side."""
    figure = Figure(figsize=(4.4 * panels, 3.6))
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def name_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Write the title, and what each axis shows."""
    axes.set(title=title, xlabel=x, ylabel=y)


def _written(figure: Figure) -> Picture:
    FigureCanvasAgg(figure)
    ConstrainedLayoutEngine().execute(figure)  # a figure with an engine would be laid out and drawn for each file
    png, svg = io.BytesIO(), io.BytesIO()
    figure.savefig(png, format="png", dpi=DOTS_AN_INCH, facecolor="white", metadata={"Software": None})
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(png.getvalue(), svg.getvalue().replace(INK.encode(), b"currentColor"))
