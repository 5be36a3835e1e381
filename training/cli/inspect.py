"""The command `python -m training inspect DATA`: what a file holds, how it is read, and what would be learned from it.

    a file                types with examples, the rules found, warnings
    a file and --target   what becomes of each column, the task and the split as well
    a folder              one line a file

0 it can be read · 2 it cannot, or an option does not fit. It needs no TensorFlow.
"""

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from training import console
from training.cli import generated
from training.cli.train import fail, spooled
from training.data.prepare import prepare, repeated, weighing
from training.data.survey import Survey, survey
from training.errors import DataError, TrainingError
from training.evaluation import trust
from training.options import Options
from training.options.rooms import DataOptions
from training.rendering.markdown import code
from training.rendering.terminal import Terminal, escape
from training.tasks.registry import task_classes

SHOWN_CHARS = 200
FOUND = "as found"


def run(options: Options) -> None:
    """Say it, and end the program with its exit code."""
    out = Terminal()
    try:
        options = spooled(options)
        if options.data.path.is_dir():
            _print_folder(out, options)
        elif options.data.target is None:
            _print_file(out, options)
        else:
            _print_learned(out, options)
    except TrainingError as error:
        raise typer.Exit(fail(error)) from error


app = generated.application(
    generated.with_options(run, "Say what a data file holds, and what would be learned from it.", rooms=(DataOptions,))
)


def _print_file(out: Console, options: Options) -> None:
    with console.reading_bar(out, "Read") as seen:
        found = survey(options.data, seen, for_training=False)
    _print_source(out, found)
    console.print_columns(out, tuple(found.column(name, FOUND) for name in found.tallies))
    console.print_warnings(out, found.warnings)
    for name, tally in found.tallies.items():
        for said in filter(None, [task.suggestion(tally) for task in task_classes()]):
            out.print(f"{escape(code(name))} {escape(said)}", highlight=False)
    out.print("Say --target COLUMN to see what would be learned.")


def _print_learned(out: Console, options: Options) -> None:
    from training.evaluation.splits import check  # noqa: PLC0415 - scikit-learn takes a second, and a look needs none

    with console.reading_bar(out, "Read") as seen:
        data = trust.warned(prepare(options, seen))
    with out.status("Compare ways to split …"):
        data = check.warned(data, options)
    table, rows = data.table, data.rows
    out.print(
        f"{table.rows_read:,} rows; {table.rows_without_target:,} without target; {repeated(data)}. "
        f"{data.task.name}: {rows.train:,} rows for training, {rows.validation:,} validation, {rows.test:,} test.",
        highlight=False,
    )
    out.print(escape(table.said), highlight=False)
    if options.data.weights is not None:
        out.print(weighing(data, options), highlight=False)
    console.print_columns(out, table.columns)
    console.print_warnings(out, data.warnings)
    out.print(f"{data.task.about_target(data.train.y)}", highlight=False, markup=False)


def _print_source(out: Console, found: Survey) -> None:
    rules = found.source.rules
    how = [rules.format]
    if rules.format == "csv":
        how += [
            rules.encoding,
            f"delimiter {rules.delimiter!r}",
            f"quote {rules.quote!r}" if rules.quote else "no quotes",
        ]
    files = f" in {len(found.source.files):,} files" if len(found.source.files) > 1 else ""
    out.print(f"{found.rows:,} rows of {len(found.tallies):,} columns{files}: {', '.join(how)}.", highlight=False)


def _print_folder(out: Console, options: Options) -> None:
    """Show one line a file; a file that is no table says why."""
    table = Table("file", "rows", "columns", "types", "warnings")
    unread = 0
    for file in sorted(path for path in options.data.path.iterdir() if path.is_file() and path.name[0] != "."):
        try:
            found = survey(options.changed(data=file).data, lambda _share: None, for_training=False)
        except TrainingError as error:
            unread += 1
            table.add_row(escape(file.name), "", "", escape(str(error)[:SHOWN_CHARS]), "", style="red")
        else:
            table.add_row(*map(escape, _line(file, found)))
    out.print(table)
    if table.row_count in (0, unread):
        raise DataError(f"{options.data.path}: expected files with tables. Received: {unread} that are none.")


def _line(file: Path, found: Survey) -> tuple[str, ...]:
    kinds = [kind or found.verdicts[name].arrow_type for name, kind in found.types.items()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    return file.name, f"{found.rows:,}", f"{len(kinds):,}", counts, f"{len(found.warnings):,}" if found.warnings else ""
