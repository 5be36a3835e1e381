"""Reliability: what was said against what came true, before and after the temperature.

It draws with the helpers of `training/rendering/pictures.py` and knows nothing about files or models.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve

from training.compression.measure import Candidate
from training.compression.selection import Choice, front, unsteadiness
from training.evaluation.findings import Importance
from training.rendering import pictures as plots

BINS = 10  # with as many rows each


def reliability(y: NDArray[Any], said: Mapping[str, NDArray[Any]], labels: Sequence[str]) -> bytes:
    """Draw a curve a name of `said`, and how often each probability was said, as one PNG file.

    With two labels it is about the second one; with more, about the label that was thought most probable.

    Args:
        y: the number of each row's label, (rows,).
        said: name -> probabilities, (rows, labels).
        labels: the names.
    """
    figure, (curves, histogram) = plots.new_figure(2)
    curves.plot([0, 1], [0, 1], color="grey", linestyle=":")
    about = f"of {labels[1]}" if len(labels) == 2 else "of the most probable label"
    for name, outputs in said.items():
        true, probability = _claims(y, outputs)
        found, claimed = calibration_curve(true, np.clip(probability, 0, 1), n_bins=BINS, strategy="quantile")
        gap = calibration_gap(true, probability)
        curves.plot(claimed, found, marker="o", markersize=3, label=f"{name} ({100 * gap:.1f} points off)")
        histogram.hist(probability, bins=20, range=(0, 1), histtype="step", label=name)
    plots.name_axes(curves, "Reliability", f"probability {about}", "share that came true")
    plots.name_axes(histogram, "How often it is said", f"probability {about}", "rows")
    curves.legend(fontsize="small")
    return plots.to_bytes(figure)


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


def pareto(choice: Choice) -> bytes:
    """Draw points lost against size and against the time of the largest timed batch, with the front of each."""
    drawn, (size, time) = plots.new_figure(2)
    rows = max(choice.chosen.latency_us)
    _panel(size, choice, lambda candidate: candidate.bytes / 1000)
    _panel(time, choice, lambda candidate: candidate.latency_us[rows])
    plots.name_axes(size, "Loss against size", "kB", "points lost on validation")
    plots.name_axes(time, "Loss against time", f"µs at batch {rows}", "points lost on validation")
    size.legend(fontsize="small")
    return plots.to_bytes(drawn)


def _panel(axes: Axes, choice: Choice, cost: Callable[[Candidate], float]) -> None:
    steady = [candidate for candidate in choice.candidates if unsteadiness(candidate) is None]
    others = [candidate for candidate in choice.candidates if candidate not in steady]
    points = [(cost(candidate), candidate.loss_points) for candidate in steady]
    best = front(points)
    axes.step([points[place][0] for place in best], [points[place][1] for place in best], where="post", label="front")
    axes.scatter([x for x, _ in points], [y for _, y in points], s=18, color="grey", label="measured")
    lost = [candidate.loss_points for candidate in others]
    axes.scatter([cost(candidate) for candidate in others], lost, s=18, marker="x", color="grey", label="never ships")
    chosen = points[steady.index(choice.chosen)]
    axes.scatter(*chosen, s=90, facecolors="none", edgecolors="C3", label="ships")
    for place in sorted({*best, steady.index(choice.chosen), 0}):
        axes.annotate(steady[place].name, points[place], (4, 4), textcoords="offset points", fontsize=6)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.15)


MOST_BARS = 25  # more names cannot be read


def bars(importances: Sequence[Importance], metric: str) -> bytes:
    """Draw the first features, the most important on top, as one PNG file."""
    shown = list(importances)[:MOST_BARS]
    figure, (axes,) = plots.new_figure(1)
    figure.set_size_inches(6.4, 1.2 + 0.25 * len(shown))
    losses = [importance.loss for importance in shown]
    errors = [[loss.value - loss.low for loss in losses], [loss.high - loss.value for loss in losses]]
    colors = ["tab:blue" if importance.is_needed else "lightgrey" for importance in shown]
    axes.barh(
        [importance.feature for importance in shown],
        [loss.value for loss in losses],
        xerr=errors,
        color=colors,
        ecolor="grey",
    )
    axes.invert_yaxis()
    axes.axvline(0, color="grey", linewidth=0.8)
    plots.name_axes(axes, "What it goes by", f"{metric} lost when permuted (validation rows)", "")
    return plots.to_bytes(figure)
