"""The command line: words -> `Options`, and errors -> one message and an exit code.

    run(options, …)    train
    sign(folder, key)  sign what is there already

    0 a bundle was written, or signed · 1 training failed · 2 the data or an option does not fit · 130 interrupted

TensorFlow is imported after the options are parsed and the data is read, so that --help and mistakes answer soon.
It knows nothing about the stages.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand

from training import budget as budgets
from training.budget import Budget
from training.bundle.signing import PASSPHRASE_HELP, Signer
from training.cli import environment as quiet
from training.cli.environment import loading
from training.errors import DataError, Helped, TrainingError
from training.options import (
    CompressName,
    FamilyName,
    Forced,
    MixedPrecision,
    OptimizerName,
    Options,
    ScheduleName,
    TaskName,
    ThresholdMetric,
)
from training.progress import reading_bar

DEFAULT = Options(data=Path())


class Command(TyperCommand):
    """A command whose arguments are all required, named in its usage as in messages: DATA.

    Typer 0.29 writes `{data}`, which reads like a template that nobody filled in.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece[1:-1].upper() if piece.startswith("{") else piece for piece in super().collect_usage_pieces(ctx)]


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


def limits(text: str) -> Budget:
    """Read a budget: 0.5, or limits by name."""
    try:
        return budgets.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"`--budget`: {error}") from error


@app.command(
    cls=Command, epilog="Of bundles that are there: python -m training evaluate, compare or sign, each with --help."
)
def main(  # noqa: PLR0913 - one parameter an option; they are listed nowhere else
    context: typer.Context,
    *,
    data: Annotated[Path, typer.Argument(help="CSV (also .gz, .bz2, .xz, .zip) or Parquet file.", show_default=False)],
    target: Annotated[str | None, typer.Option(help="Column to predict. Without it, the columns are listed.")] = None,
    encoding: Annotated[str, typer.Option(help="How a CSV file writes letters: cp1252, utf-16 …")] = DEFAULT.encoding,
    name: Annotated[str | None, typer.Option(help="Name of the model. [default: from the file's name]")] = None,
    models: Annotated[Path, typer.Option(help="Folder of the bundles; the next version is written.")] = DEFAULT.models,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Read the file twice, a piece at a time, instead of whole. [default: when it is large]",
            show_default=False,
        ),
    ] = None,
    sign_key: Annotated[
        Path | None, typer.Option(help=f"Private key (PEM) to sign the bundle with. {PASSPHRASE_HELP}")
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(help="Folder to save the run in after each epoch; the same command goes on from there if killed."),
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Folder to write the losses and the learning rate to, for TensorBoard.")
    ] = None,
    mlflow: Annotated[
        str | None, typer.Option(help="MLflow store to log the run to: sqlite:///runs.db, http://host:5000.")
    ] = None,
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
    network: Annotated[FamilyName, typer.Option(help="How the layers are wired.")] = DEFAULT.network,
    hidden: Annotated[str, typer.Option(help="Units of the hidden layers.")] = ",".join(map(str, DEFAULT.hidden)),
    members: Annotated[
        int, typer.Option(min=1, max=32, help="Heads, each with a last hidden layer of its own; their mean is served.")
    ] = DEFAULT.members,
    dropout: Annotated[float, typer.Option(min=0, max=0.9, help="Share of units silenced.")] = DEFAULT.dropout,
    bins: Annotated[int, typer.Option(min=1, max=256, help="Pieces that a number is cut into.")] = DEFAULT.bins,
    sums: Annotated[
        int, typer.Option(min=0, max=64, help="Learned sums of a number's pieces, folded away after the fit; 0: none.")
    ] = DEFAULT.sums,
    embedding: Annotated[
        int, typer.Option(min=1, max=256, help="Numbers that a categorical value is turned into.")
    ] = DEFAULT.embedding,
    mixed_precision: Annotated[
        MixedPrecision, typer.Option(help="Let hidden layers compute in 16 bits while fitting; auto: where it pays.")
    ] = DEFAULT.mixed_precision,
    jit: Annotated[
        bool, typer.Option("--jit", help="Compile the fit with XLA: for graphics cards; a seed need not repeat it.")
    ] = False,
    optimizer: Annotated[OptimizerName, typer.Option(help="How weights move.")] = DEFAULT.optimizer,
    learning_rate: Annotated[
        float | None, typer.Option(min=1e-9, help="How far weights move a step. [default: by the optimizer]")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Rows a step. [default: 32 to 256, and 1024 for very many, by the rows]")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="At most so many passes over the data.")] = DEFAULT.epochs,
    patience: Annotated[
        int, typer.Option(min=1, help="Stop after so many epochs without a better validation loss.")
    ] = DEFAULT.patience,
    schedule: Annotated[ScheduleName, typer.Option(help="How the learning rate moves.")] = DEFAULT.schedule,
    warm_up: Annotated[
        int, typer.Option(min=0, help="Epochs in which the learning rate rises to its full value.")
    ] = DEFAULT.warm_up,
    averaging: Annotated[
        float, typer.Option(min=0, max=0.9999, help="Keep so much of the running mean of the weights a step; 0: none.")
    ] = DEFAULT.averaging,
    label_smoothing: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of a row's weight that all labels get alike.")
    ] = DEFAULT.label_smoothing,
    class_weights: Annotated[
        bool, typer.Option("--class-weights", help="Let every class count the same, however rare.")
    ] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Fit a temperature, so that probabilities come true.")
    ] = DEFAULT.calibrate,
    threshold_for: Annotated[
        ThresholdMetric | None,
        typer.Option(help="Choose the labels' threshold for this metric; two labels only. [default: one half]"),
    ] = None,
    tune: Annotated[
        int, typer.Option(min=0, help="Try so many sets of options on the validation split, and use the best.")
    ] = DEFAULT.tune,
    tune_store: Annotated[
        Path | None, typer.Option(help="File that keeps the search, to go on with it. [default: not kept]")
    ] = None,
    folds: Annotated[
        int, typer.Option(min=0, help="Fit so often on other divisions of the rows, to see how far metrics differ.")
    ] = DEFAULT.folds,
    select: Annotated[
        bool, typer.Option("--select", help="Try again without features that are not needed; keep it if not worse.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Makes a run repeatable on one machine.")] = DEFAULT.seed,
    compress: Annotated[
        CompressName, typer.Option(help="quick: narrower weights; full: also fewer units, which are fitted anew.")
    ] = DEFAULT.compress,
    budget: Annotated[
        str,
        typer.Option(help=f"Points (hundredths of the main metric) that compression may cost, or {budgets.EXAMPLE}."),
    ] = str(DEFAULT.budget),
    precision: Annotated[
        Forced | None, typer.Option(help="Ship this graph whatever was measured. [default: by the rule]")
    ] = None,
) -> None:
    """Train a model on a table and write a bundle that the service can serve."""
    raise typer.Exit(run(to_options(context.params), Console()))


def to_options(params: Mapping[str, Any]) -> Options:
    """Turn the words of the command line, as typer checked them, into options."""
    lists = {
        "categorical": names(params["categorical"]),
        "drop": names(params["drop"]),
        "hidden": units(params["hidden"]),
    }
    paths = {
        "data": Path(params["data"]),
        "models": Path(params["models"]),
        **{
            name: params[name] and Path(params[name])
            for name in ("sign_key", "checkpoints", "tensorboard", "tune_store")
        },
    }
    return Options(**{**params, **lists, **paths, "budget": limits(params["budget"])})


def parse(words: Sequence[str]) -> Options:
    """Read the options of a command line without running it."""
    return to_options(typer.main.get_command(app).make_context("training", list(words)).params)


def run(options: Options, out: Console) -> int:
    """Train, and turn what may go wrong into a message and an exit code."""
    try:
        _check_file(options.data)
        signer = None if options.sign_key is None else Signer(options.sign_key)  # it should not fail after hours
        with out.status("Read the data …"), reading_bar(out, "First pass") as seen:
            with loading():
                from training.data.prepare import prepare  # noqa: PLC0415 - so does pandas

            data = prepare(options, seen)
        with out.status("Load TensorFlow …"), quiet.held_stderr(), loading():
            from training.pipeline import train  # noqa: PLC0415 - it takes seconds, and mistakes should not wait
        quiet.silence_loggers()
        train(options, out, signer, data)
    except Helped as done:
        out.print(str(done), highlight=False)
    except TrainingError as error:
        return _say(error)
    except KeyboardInterrupt:
        out.print("Interrupted; no bundle was written.")
        return 130
    return 0


def sign(
    folder: Annotated[Path, typer.Argument(help="Folder of a version, <models>/<name>/<version>.", show_default=False)],
    *,
    key: Annotated[Path, typer.Option(help=f"Private key (PEM). {PASSPHRASE_HELP}", show_default=False)],
) -> None:
    """Sign the files of a version, a bundle or a graph alone, in model.sig; what was signed before is signed anew."""
    try:
        Signer(key).sign(folder)
    except TrainingError as error:
        raise typer.Exit(_say(error)) from error
    print(f"Signed {folder}.")


signing = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
signing.command(cls=Command)(sign)


def _say(error: TrainingError) -> int:
    Console(stderr=True).print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    return error.exit_code


def _check_file(data: Path) -> None:
    if not data.is_file():
        raise DataError(f"`DATA`: expected a CSV or Parquet file. Received: {data}, which is not a file.")
