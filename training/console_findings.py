"""Console of findings: what a person sees of what judging found.

It knows nothing about how any of it was computed.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from training.evaluation.baselines import BASELINES
from training.evaluation.findings import Findings, Importance, Intervals, Selection
from training.rendering.markdown import number
from training.reporting.findings_section import folded, selected, span
from training.tasks.base import Task

SHOWN = (*BASELINES, "keras", "fp32", "shipped")
MOST_FEATURES = 10  # the card has all


def print_importances(console: Console, metric: str, found: Sequence[Importance]) -> None:
    """Show the features that the graph goes by most, and how many it does not need."""
    table = Table("goes by", f"{metric} lost when permuted", "95 % interval")
    for importance in found[:MOST_FEATURES]:
        style = "" if importance.is_needed else "dim"
        loss = importance.loss
        table.add_row(escape(importance.feature), f"{loss.value:+.4f}", span(loss), style=style)
    console.print(table)
    useless = [importance.feature for importance in found if not importance.is_needed]
    if useless:
        console.print(escape(f"Not told from useless: {', '.join(useless)}."), highlight=False)


def print_selection(console: Console, found: Selection) -> None:
    """Say what became of the features that are not needed."""
    console.print("[bold]Select[/bold] " + escape(selected(found)), highlight=False)


def print_findings(console: Console, task: Task, findings: Findings) -> None:
    """Show test metrics, one line a metric and one column a model, and how sure they are."""
    table = Table(f"test split, {task.name}")
    for model in SHOWN:
        table.add_column(model, justify="right", overflow="fold", style="bold" if model == "shipped" else "")
    for name in findings.scores["shipped"]:
        table.add_row(name, *(number(findings.scores[model][name]) for model in SHOWN))
    console.print(table)
    if findings.intervals is not None:
        _print_intervals(console, task.budget_metrics[0], findings.intervals)
    if findings.folds is not None:
        console.print(folded(findings.folds, task.budget_metrics[0]), highlight=False)


def _print_intervals(console: Console, metric: str, found: Intervals) -> None:
    shipped, beside = found.shipped[metric], found.difference[metric]
    console.print(
        f"{metric} {number(shipped.value)}, {found.level:.0%} interval {span(shipped)}; "
        f"less boosting {beside.value:+.4f}, {span(beside)}",
        highlight=False,
    )
