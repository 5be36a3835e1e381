"""Commands on bundles that are there: `evaluate` judges one on new data, `compare` puts two side by side.

    0 done · 2 a bundle, the data or an option does not fit

TensorFlow is not needed for either. It knows nothing about how anything is measured.
"""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from app.errors import SlipwayError
from app.printable import json_text
from training.cli.generated import application
from training.evaluation import compare_bundles, evaluate_bundle
from training.evaluation.compare_bundles import Comparison, SameRows
from training.evaluation.evaluate_bundle import Answers, Evaluation
from training.evaluation.served_bundle import Served, load
from training.rendering.markdown import number
from training.rendering.terminal import Terminal, escape
from training.reporting.findings_section import span

Folder = Annotated[Path, typer.Argument(help="Folder of a version, <models>/<name>/<version>.", show_default=False)]
Encoding = Annotated[
    str | None,
    typer.Option(help="How a text file writes letters: cp1252, utf-16 … [default: found]", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document instead of tables.")]
OWN = "This is the file it was trained on: most of these rows taught it, so it looks better here than it is."


def evaluate(
    bundle: Folder,
    data: Annotated[
        Path, typer.Argument(help="Table with the target: CSV, Parquet, JSON lines, Arrow, Excel.", show_default=False)
    ],
    *,
    encoding: Encoding = None,
    as_json: AsJson = False,
) -> None:
    """Judge a bundle on new labelled data, through the code that serves it."""
    try:
        served = load(bundle)
        answers = _answer(served, data, encoding)
        found = evaluate_bundle.judge(served, answers)
    except SlipwayError as error:
        _fail(error)
    if as_json:
        _print_json({"bundle": served.name, "data": str(data), **_account(answers), **dataclasses.asdict(found)})
        return
    out = Terminal()
    out.print(f"{escape(served.name)} on {found.rows:,} rows of {escape(data.name)}, judged through the serving code")
    _print_account(out, answers)
    _print_evaluation(out, found)


def compare(
    a: Folder,
    b: Folder,
    *,
    data: Annotated[
        Path | None, typer.Option(help="Labelled file to judge both on the same rows of. [default: none]")
    ] = None,
    encoding: Encoding = None,
    as_json: AsJson = False,
) -> None:
    """Put two bundles side by side: what they are, how good, and what differs."""
    try:
        first, second = load(a), load(b)
        found = compare_bundles.compare(first, second)
        both = [_answer(served, data, encoding) for served in (first, second)] if data else []
        on_data = compare_bundles.on_same_rows(first, second, both[0], both[1]) if both else None
    except SlipwayError as error:
        _fail(error)
    if as_json:
        accounts = dict(zip("ab", map(_account, both), strict=False))
        same_rows = None if on_data is None else dataclasses.asdict(on_data)
        _print_json({**dataclasses.asdict(found), "on_data": same_rows, "rows": accounts})
        return
    out = Terminal()
    _print_comparison(out, found)
    for served, answers in zip((first, second), both, strict=False):
        out.print(f"[bold]{escape(served.name)}[/bold] on {escape(str(data))}")
        _print_account(out, answers)
    if on_data is not None:
        _print_same_rows(out, on_data)


def _fail(error: SlipwayError) -> NoReturn:
    Terminal(stderr=True).print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(2) from error


def _answer(served: Served, data: Path, encoding: str | None) -> Answers:
    console = Terminal(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Answer as {served.name}", total=1.0, rows="")

        def show(share: float, rows: int) -> None:
            bar.update(task, completed=share, rows=f"{rows:,} rows")

        return evaluate_bundle.answer(served, data, encoding, show)


def _account(answers: Answers) -> dict[str, Any]:
    account = {name: getattr(answers, name) for name in KEPT}
    return {**account, "is_training_file": answers.is_own}


KEPT = (
    "refused",
    "rejected",
    "faults",
    "without_target",
    "weightless",
    "counted_by",
    "lacks_weights",
    "drawn_by",
    "lacks_units",
    "absent",
)


def _print_account(out: Console, answers: Answers) -> None:
    if answers.is_own:
        out.print(f"  {OWN}", style="yellow", highlight=False, soft_wrap=True)
    if answers.without_target:
        out.print(f"  {answers.without_target:,} rows have no target", highlight=False)
    _print_counting(out, answers)
    if answers.refused:
        out.print(f"  {answers.refused:,} rows are left out, because the service would refuse them:", highlight=False)
        for fault in answers.faults:
            out.print(f"    {fault}", markup=False, highlight=False, soft_wrap=True)
    if answers.absent:
        out.print(f"  Without a column, hence missing in each row: {escape(', '.join(answers.absent))}")


def _print_counting(out: Console, answers: Answers) -> None:
    """Say how much rows count, and which are drawn together."""
    if answers.counted_by is not None:
        left_out = f"; {answers.weightless:,} of weight zero are left out" if answers.weightless else ""
        out.print(f"  Rows count by {escape(answers.counted_by)}{left_out}", highlight=False)
    if answers.lacks_weights is not None:
        lacking = f"The file lacks {escape(answers.lacks_weights)}, by which rows counted in training"
        out.print(f"  {lacking}: here all count alike", style="yellow", highlight=False, soft_wrap=True)
    if answers.drawn_by is not None:
        out.print(f"  Intervals draw rows together by {escape(answers.drawn_by)}, as training divided them")
    if answers.lacks_units is not None:
        lacking = f"The file lacks {escape(answers.lacks_units)}, by which training divided rows"
        out.print(f"  {lacking}: intervals take each row by itself", style="yellow", soft_wrap=True)


def _print_evaluation(out: Console, found: Evaluation) -> None:
    table = _table("metric", "here", "95 % by chance in the rows", "on the card", "")
    for name, value in found.metrics.items():
        said = number(found.card[name]) if name in found.card else ""
        remark = "the card's lies outside" if found.is_beyond(name) else ""
        remark = "; ".join(filter(None, [found.remarks.get(name), remark]))
        table.add_row(name, number(value.value), span(value), said, escape(remark))
    out.print(table)


def _print_comparison(out: Console, found: Comparison) -> None:
    _print_pairs(out, "", found.facts)
    table = _table("metric", "A", "B", "B - A")
    for name, (one, other) in found.metrics.items():
        table.add_row(name, number(one), number(other), f"{other - one:+.4g}")
    out.print(table)
    if not found.same_rows:
        out.print("Each was judged on test rows of its own; --data FILE judges both on the same rows.", style="yellow")
    for title, pairs in (("feature", found.features), ("library", found.libraries), ("option", found.options)):
        if pairs:
            _print_pairs(out, title, pairs)
        else:
            out.print(f"No {title} differs.")


def _print_same_rows(out: Console, found: SameRows) -> None:
    table = _table(f"on the same {found.rows:,} rows", "A", "B", "B - A", "95 % by chance in the rows", "")
    for name, (one, other) in found.metrics.items():
        gap = found.difference[name]
        remark = found.remarks.get(name) or ("" if gap.low <= 0 <= gap.high else "more than chance")
        table.add_row(name, number(one.value), number(other), f"{gap.value:+.4f}", span(gap), escape(remark))
    out.print(table)


def _print_pairs(out: Console, title: str, pairs: dict[str, tuple[Any, Any]]) -> None:
    """Show two columns; what differs is bold."""
    table = Table(title, "A", "B")
    for name, (one, other) in pairs.items():
        table.add_row(*map(escape, (name, _cell(one), _cell(other))), style="" if one == other else "bold")
    out.print(table)


def _table(first: str, *others: str) -> Table:
    table = Table(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _print_json(document: dict[str, Any]) -> None:
    print(json_text(json.dumps(document, indent=2, ensure_ascii=False)))


COMMANDS: dict[str, typer.Typer] = {"evaluate": application(evaluate), "compare": application(compare)}
