"""Console: what a person sees while a model is trained: stages, tables, bars.

It needs neither TensorFlow nor pandas, so that a bar can be shown before they are loaded. It knows nothing about how
any of it was computed.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from training.rendering.markdown import number
from training.rendering.notebook import bar_of, moves
from training.rendering.terminal import escape
from training.reporting.findings_section import folded, selected, span

if TYPE_CHECKING:
    from training.compression.selection import Choice
    from training.data.accounts import Column
    from training.evaluation.findings import Findings, Importance, Intervals, Selection
    from training.tasks.base import Task
    from training.trainer.fit import History

LOGGED_EPOCHS = 10
MOST_FEATURES = 10  # the card has all

Show = Callable[[int, dict[str, float]], None]  # epochs done, losses so far


@contextmanager
def stage(console: Console, name: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done and, after it, how long it took; the block may add a result."""
    results: list[str] = []
    start = time.perf_counter()
    with console.status(f"{name} …"):
        yield results.append
    took_s = time.perf_counter() - start
    said = "".join(f" {escape(result)}" for result in results)
    console.print(f"[bold]{name}[/bold]{said} [dim]{took_s:.1f} s[/dim]")


@contextmanager
def steps(console: Console, name: str, at_most: int) -> Iterator[Callable[[str], None]]:
    """Show which of so many steps is being done: a bar on a terminal, a line at the end in a log."""
    with _timed_bar(console, name, at_most) as update:
        yield lambda doing: update(advance=1, description=escape(doing))


@contextmanager
def bar(console: Console, name: str, total: int) -> Iterator[Callable[[float], None]]:
    """Show how much is done; the block is given what to tell."""
    with _timed_bar(console, name, total) as update:
        yield lambda done: update(completed=done)


@contextmanager
def _timed_bar(console: Console, name: str, total: int) -> Iterator[Callable[..., None]]:
    start = time.perf_counter()
    columns = (TextColumn(f"[bold]{name}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with bar_of(console, *columns) as shown:
        yield partial(shown.update, shown.add_task("", total=total))
    console.print(f"[bold]{name}[/bold] [dim]{time.perf_counter() - start:.1f} s[/dim]")


@contextmanager
def reading_bar(console: Console, name: str) -> Iterator[Callable[[float], None]]:
    """Show which share of a large file has been read, from when the first is told until all has been."""
    with bar_of(console) as bar:
        task = bar.add_task(f"[bold]{name}", total=1.0, visible=False)
        yield lambda share: bar.update(task, completed=share, visible=share < 1)


@contextmanager
def epochs_bar(console: Console, epochs: int) -> Iterator[Show]:
    """Show epochs done and the losses so far: a bar on a terminal, a line now and then in a log."""
    if not moves(console):
        yield lambda done, losses: _print_epoch(console, done, losses)
        return
    columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with bar_of(console, *columns, TextColumn("{task.fields[losses]}")) as bar:
        task = bar.add_task("Train (Ctrl-C keeps the best so far)", total=epochs, losses="")
        yield lambda done, losses: bar.update(task, completed=done, losses=_said(losses))


def _print_epoch(console: Console, done: int, losses: Mapping[str, float]) -> None:
    if done == 1 or done % LOGGED_EPOCHS == 0:
        console.print(f"epoch {done}: {_said(losses)}", highlight=False)


def _said(losses: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())


def print_fit(console: Console, history: "History", took_s: float) -> None:
    """Say how a fit ended."""
    ended = "interrupted" if history.interrupted else "stopped"
    console.print(
        f"[bold]Train[/bold] {ended} after {len(history.loss)} epochs, kept epoch {history.best_epoch} "
        f"[dim]{took_s:.1f} s[/dim]"
    )


def print_columns(console: Console, columns: "tuple[Column, ...]") -> None:
    """Show every column of the file: its type as inferred, and what became of it."""
    table = Table("column", "type", "missing", "different", "example", "use")
    for column in columns:
        style = "dim" if column.fate.startswith("dropped") else "bold" if column.fate == "target" else ""
        missing = f"{column.missing_share:.1%}" if column.missing_share else ""
        type_ = f"{column.type} {column.written}".rstrip()
        cells = (column.name, type_, missing, f"{column.different:,}", column.example[:24], column.fate)
        table.add_row(*map(escape, cells), style=style)
    console.print(table)


def print_warnings(console: Console, warnings: Sequence[str]) -> None:
    """Show what a person should look at before trusting the model."""
    for warning in warnings:
        console.print(f"[bold yellow]Warning[/bold yellow] {escape(warning)}.", highlight=False)


def print_candidates(console: Console, choice: "Choice") -> None:
    """Show what each way of compressing gave; what the others lack stands on the card."""
    batches = list(choice.chosen.latency_us)
    table = Table("graph", "bytes", *(f"µs at batch {rows}" for rows in batches))
    table.add_column("points lost on validation", justify="right")
    table.columns[0].no_wrap = True
    for candidate in choice.candidates:
        times = (f"{candidate.latency_us[rows]:.0f}" for rows in batches)
        style = "bold" if candidate is choice.chosen else ""
        table.add_row(candidate.name, f"{candidate.bytes:,}", *times, f"{candidate.loss_points:+.2f}", style=style)
    console.print(table)
    console.print(escape(choice.reason))


def print_importances(console: Console, metric: str, found: "Sequence[Importance]") -> None:
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


def print_selection(console: Console, found: "Selection") -> None:
    """Say what became of the features that are not needed."""
    console.print("[bold]Select[/bold] " + escape(selected(found)), highlight=False)


def print_findings(console: Console, task: "Task", findings: "Findings") -> None:
    """Show test metrics, one line a metric and one column a model, and how sure they are."""
    shown = ["baseline", *(one.name for one in task.fitted_of(findings.scores)), "keras", "fp32", "shipped"]
    table = Table(f"test split, {task.name}")
    for model in shown:
        table.add_column(model, justify="right", overflow="fold", style="bold" if model == "shipped" else "")
    for name in findings.scores["shipped"]:
        table.add_row(name, *(number(findings.scores[model][name]) for model in shown))
    console.print(table)
    if findings.intervals is not None:
        _print_intervals(console, task, findings.intervals)
    print_warnings(console, [findings.unproven] if findings.unproven else [])
    if findings.folds is not None:
        console.print(folded(findings.folds, task.main_metric), highlight=False)


def _print_intervals(console: Console, task: "Task", found: "Intervals") -> None:
    metric = task.main_metric
    shipped, beside = found.shipped[metric], found.difference[metric]
    console.print(
        f"{metric} {number(shipped.value)}, {found.level:.0%} interval {span(shipped)}; "
        f"less {task.title_of(found.opponent)} {beside.value:+.4f}, {span(beside)}",
        highlight=False,
    )
    for remark, metrics in found.doubts.items():
        values = (f"{name} {number(found.shipped[name].value)} ({span(found.shipped[name])})" for name in metrics)
        print_warnings(console, [f"{remark} {', '.join(values)}, on the test rows"])
