"""Plots of a run that are there for any task: what compression cost, and what the graph goes by."""

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from training.compression.measure import Candidate
from training.compression.selection import Choice, front, unsteadiness
from training.evaluation.findings import Importance
from training.rendering import pictures


@pictures.picture
def pareto(choice: Choice) -> Figure:
    """Draw points lost against size and against the time of the largest timed batch, with the front of each."""
    drawn, (size, time) = pictures.new_figure(2)
    rows = max(choice.chosen.latency_us)
    _panel(size, choice, lambda candidate: candidate.bytes / 1000)
    _panel(time, choice, lambda candidate: candidate.latency_us[rows])
    pictures.name_axes(size, "Loss against size", "kB", "points lost on validation")
    pictures.name_axes(time, "Loss against time", f"µs at batch {rows}", "points lost on validation")
    size.legend(fontsize="small")
    return drawn


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


@pictures.picture
def bars(importances: Sequence[Importance], metric: str) -> Figure:
    """Draw the first features, the most important on top."""
    shown = list(importances)[:MOST_BARS]
    figure, (axes,) = pictures.new_figure(1)
    figure.set_size_inches(6.4, 1.2 + 0.25 * len(shown))
    losses = [importance.loss for importance in shown]
    errors = [[loss.value - loss.low for loss in losses], [loss.high - loss.value for loss in losses]]
    colors = ["tab:blue" if importance.is_needed else "lightgrey" for importance in shown]
    names = [importance.feature for importance in shown]
    axes.barh(names, [loss.value for loss in losses], xerr=errors, color=colors, ecolor="grey")
    axes.invert_yaxis()
    axes.axvline(0, color="grey", linewidth=0.8)
    pictures.name_axes(axes, "What it goes by", f"{metric} lost when permuted (validation rows)", "")
    return figure
