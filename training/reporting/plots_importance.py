"""Importance, drawn: one bar a feature, with its interval.

It draws with the helpers of `training/rendering/pictures.py` and knows nothing about files or models.
"""

from collections.abc import Sequence

from training.evaluation.findings import Importance
from training.rendering import pictures as plots

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
