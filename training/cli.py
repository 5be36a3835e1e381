"""The command line: words -> `Options`, and errors -> one message and an exit code.

    0 a bundle was written · 1 training failed · 2 the data or an option does not fit · 130 interrupted

TensorFlow is imported after the options are parsed, so that --help and mistakes answer at once.
It knows nothing about the stages.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from training import quiet
from training.errors import DataError, TrainingError
from training.options import Forced, OptimizerName, Options, TaskName

DEFAULT = Options(data=Path())

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def names(text: str) -> tuple[str, ...]:
    """Read a list divided by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def units(text: str) -> tuple[int, ...]:
    """Read units of hidden layers: 128,64."""
    try:
        found = tuple(int(word) for word in names(text))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise typer.BadParameter(f"expected positive numbers divided by commas. Received: {text!r}.")
    return found


@app.command()
def main(  # noqa: PLR0913 - one parameter an option; they are listed nowhere else
    context: typer.Context,
    *,
    data: Annotated[Path, typer.Argument(help="CSV (also .gz, .bz2, .xz, .zip) or Parquet file.", show_default=False)],
    target: Annotated[str | None, typer.Option(help="Column to predict. Without it, the columns are listed.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model. [default: from the file's name]")] = None,
    models: Annotated[Path, typer.Option(help="Folder of the bundles; the next version is written.")] = DEFAULT.models,
    task: Annotated[TaskName | None, typer.Option(help="What to predict. [default: inferred]")] = None,
    categorical: Annotated[str, typer.Option(help="Number columns that are codes, not quantities: a,b.")] = "",
    drop: Annotated[str, typer.Option(help="Columns to leave out: a,b.")] = "",
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Keep repeated rows, all copies on one side of the split.")
    ] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Let callers leave out any feature, not only those seen missing.")
    ] = False,
    max_vocabulary: Annotated[
        int, typer.Option(min=1, help="Most frequent values kept of a string column; the rest counts as unknown.")
    ] = DEFAULT.max_vocabulary,
    validation_share: Annotated[
        float, typer.Option(min=0.01, max=0.5, help="Share of the rows that decides when to stop and what ships.")
    ] = DEFAULT.validation_share,
    test_share: Annotated[
        float, typer.Option(min=0.01, max=0.5, help="Share of the rows that only measures.")
    ] = DEFAULT.test_share,
    hidden: Annotated[str, typer.Option(help="Units of the hidden layers.")] = ",".join(map(str, DEFAULT.hidden)),
    dropout: Annotated[float, typer.Option(min=0, max=0.9, help="Share of units silenced.")] = DEFAULT.dropout,
    bins: Annotated[int, typer.Option(min=1, max=256, help="Pieces that a number is cut into.")] = DEFAULT.bins,
    embedding: Annotated[
        int, typer.Option(min=1, max=256, help="Numbers that a categorical value is turned into.")
    ] = DEFAULT.embedding,
    optimizer: Annotated[OptimizerName, typer.Option(help="How weights move.")] = DEFAULT.optimizer,
    learning_rate: Annotated[
        float | None, typer.Option(min=1e-9, help="How far weights move a step. [default: by the optimizer]")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Rows a step. [default: 32 to 256, by the rows]")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="At most so many passes over the data.")] = DEFAULT.epochs,
    patience: Annotated[
        int, typer.Option(min=1, help="Stop after so many epochs without a better validation loss.")
    ] = DEFAULT.patience,
    class_weights: Annotated[
        bool, typer.Option("--class-weights", help="Let every class count the same, however rare.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Makes a run repeatable on one machine.")] = DEFAULT.seed,
    budget: Annotated[
        float, typer.Option(min=0, help="Points (hundredths of the main metric) that compression may cost.")
    ] = DEFAULT.budget_points,
    precision: Annotated[
        Forced | None, typer.Option(help="Ship this graph whatever was measured. [default: by the rule]")
    ] = None,
) -> None:
    """Train a model on a table and write a bundle that the service can serve."""
    raise typer.Exit(run(to_options(context.params), Console()))


def to_options(params: Mapping[str, Any]) -> Options:
    """Turn the words of the command line, as typer checked them, into options."""
    same = {name: value for name, value in params.items() if name != "budget"}
    lists = {
        "categorical": names(params["categorical"]),
        "drop": names(params["drop"]),
        "hidden": units(params["hidden"]),
    }
    paths = {"data": Path(params["data"]), "models": Path(params["models"])}
    return Options(**{**same, **lists, **paths, "budget_points": params["budget"]})


def parse(words: Sequence[str]) -> Options:
    """Read the options of a command line without running it."""
    return to_options(typer.main.get_command(app).make_context("training", list(words)).params)


def run(options: Options, out: Console) -> int:
    """Train, and turn what may go wrong into a message and an exit code."""
    try:
        _check_file(options.data)
        with out.status("Load TensorFlow …"), quiet.held_stderr():
            from training.train import train  # noqa: PLC0415 - it takes seconds, and mistakes should not wait
        quiet.silence_loggers()
        train(options, out)
    except TrainingError as error:
        Console(stderr=True).print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        out.print("Interrupted; no bundle was written.")
        return 130
    return 0


def _check_file(data: Path) -> None:
    if not data.is_file():
        raise DataError(f"`DATA`: expected a CSV or Parquet file. Received: {data}, which is not a file.")
