"""Every choice of a training run by the room that reads it: its unit, its default and the reason for it.

Feature types and tasks declare theirs themselves, named in their registries. It knows nothing about files, networks or
the command line's library.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, get_args

from training.budget import EXAMPLE, USUAL, Budget, parse
from training.options.declare import REQUIRED, names, option, units

OptimizerName = Literal["sgd", "momentum", "rmsprop", "adam", "adamw"]
OPTIMIZERS: tuple[OptimizerName, ...] = get_args(OptimizerName)
FamilyName = Literal["plain", "residual", "wide-and-deep"]
ScheduleName = Literal["plateau", "cosine", "constant"]
CompressName = Literal["quick", "full"]
HalfName = Literal["float16", "bfloat16"]
MixedPrecision = Literal["off", "auto", "float16", "bfloat16"]
DateOrder = Literal["ymd", "dmy", "mdy"]
SplitName = Literal["random", "time", "group", "column"]
Precision = Literal["fp32", "fp16", "int8-dynamic", "int8-static"]
Forced = Literal["fp32", "fp16", "int8-static"]  # int8-dynamic never ships: a row's answer would depend on its batch
ELSEWHERE = {"place": True, "learned": False}  # where a run reads or writes, whatever it learns


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which rows and columns are learned from; the defaults serve a table of a thousand to a million rows."""

    title: ClassVar[str] = "Data"
    path: Path = option(
        REQUIRED,
        "CSV, TSV, Parquet, JSON lines, Arrow or Excel file, also compressed; a folder of them; - for standard input.",
        name="data",
        argument=True,
        **ELSEWHERE,
    )
    targets: tuple[str, ...] = option(  # none: refused with the list of columns
        (),
        "Column to predict; several, for several labels a row. Without it, the columns are listed.",
        name="target",
        unit="column",
        repeated=True,
        common=True,
    )
    task: str | None = option(
        None, "What to predict.", unset="inferred", choices="training.tasks.registry:TASKS", common=True
    )
    categorical: tuple[str, ...] = option(
        (), "Number columns that are codes, not quantities: a,b.", unit="columns", read=names, common=True
    )
    drop: tuple[str, ...] = option((), "Columns to leave out: a,b.", unit="columns", read=names, common=True)
    types: tuple[str, ...] = option(
        (), "What a column is: a type of features.", name="type", unit="name=type", repeated=True, common=True
    )
    number_format: str | None = option(
        None, "How numbers are written, by an example: 1.234,56.", unit="example", unset="found in each column"
    )
    date_order: DateOrder | None = option(
        None, "In which order dates such as 01/02/2024 are.", unset="found by days above 12"
    )
    missing: tuple[str, ...] = option(
        (), "A further word for a missing value, beside NA, ?, null …", unit="word", repeated=True
    )
    no_quotes: bool = option(False, "Take quotes of a CSV file as letters: a cell may begin with one.")
    encoding: str | None = option(
        None, "How a text file writes letters: cp1252, utf-16 …", unit="name", unset="UTF-8, or UTF-16 by its bytes"
    )
    stream: bool | None = option(
        None, "Keep the table in a temporary file instead of memory.", unset="when it is large"
    )
    split: SplitName | None = option(
        None,
        "How rows are divided into training, validation and test.",
        unset="random, or by the column that is named",
        common=True,
    )
    time_column: str | None = option(
        None,
        "Moments or numbers to split by: the last rows are tested.",
        unit="column",
        unset="the one that never falls",
    )
    gap: str | None = option(None, "Leave out so much time between the parts: 7d, 12h, 30 …", unit="time")
    group_column: str | None = option(
        None, "What rows belong to, such as a customer: no group stands in two parts.", unit="column"
    )
    split_column: str | None = option(
        None, "A published split: train, validation (or dev, valid, val), test.", unit="column"
    )
    weights: str | None = option(None, "How much each row counts.", unit="column")
    drop_duplicates: bool = option(False, "Leave out rows that are equal to one before them.")
    allow_missing: bool = option(False, "Let callers leave out any feature, not only those seen missing.")
    validation_share: float = option(
        0.15, "Share of the rows that decides when to stop and what ships.", unit="share", low=0.01, high=0.5
    )
    test_share: float = option(0.2, "Share of the rows that only measures.", unit="share", low=0.01, high=0.5)

    @property
    def target(self) -> str | None:
        """What is predicted: a column, or the names of several in one."""
        return ", ".join(self.targets) or None


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """The layers behind the encoded features; training/network/architectures.py wires them."""

    title: ClassVar[str] = "Network"
    # docs/decisions/0205 has what each was worth on which table.
    family: FamilyName = option("wide-and-deep", "How the layers are wired.", name="network")
    hidden: tuple[int, ...] = option((128, 64), "Units of the hidden layers.", unit="units", read=units)
    members: int = option(
        1, "Heads, each with a last hidden layer of its own; their mean is served.", unit="heads", low=1, high=32
    )
    dropout: float = option(0.1, "Share of units silenced in training.", unit="share", low=0, high=0.9)


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How the weights are found."""

    title: ClassVar[str] = "Fit"
    epochs: int = option(  # an upper bound: early stopping ends most runs sooner
        100, "At most so many passes over the data.", unit="epochs", low=1, common=True
    )
    patience: int = option(  # ten kept the same weights in ten runs on six tables
        7, "Stop after so many epochs without a better validation loss.", unit="epochs", low=1
    )
    optimizer: OptimizerName = option("adamw", "How weights move.")
    learning_rate: float | None = option(
        None, "How far weights move a step.", unit="rate", unset="by the optimizer", low=1e-9
    )
    batch_size: int | None = option(
        None, "Rows a step.", unit="rows", unset="32 to 256, and 1024 for very many, by the rows", low=1
    )
    schedule: ScheduleName = option("plateau", "How the learning rate moves.")
    warm_up: int = option(0, "Epochs in which the learning rate rises to its full value.", unit="epochs", low=0)
    averaging: float = option(
        0.99, "Keep so much of the running mean of the weights a step; 0: none.", unit="share", low=0, high=0.9999
    )
    mixed_precision: MixedPrecision = option(
        "off", "Let hidden layers compute in 16 bits while fitting; auto: where it pays."
    )
    jit: bool = option(  # processors lose by it
        False, "Compile the fit with XLA: for graphics cards; a seed need not repeat it."
    )


@dataclass(frozen=True, kw_only=True)
class CompressOptions:
    """How the graph becomes smaller, and what that may cost."""

    title: ClassVar[str] = "Compression"
    search: CompressName = option(  # full takes about as long as the first fit
        "quick",
        "quick: narrower weights; full: also fewer units, which are fitted anew.",
        name="compress",
        common=True,
        learned=False,
    )
    budget: Budget = option(
        USUAL,
        f"Points (hundredths of the main metric) that compression may cost, or {EXAMPLE}.",
        unit="limits",
        read=parse,
        common=True,
        learned=False,
    )
    precision: Forced | None = option(
        None, "Ship this graph whatever was measured.", unset="by the rule", learned=False
    )


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """What is asked of a model beyond its test metrics."""

    title: ClassVar[str] = "Evaluation"
    folds: int = option(
        0, "Fit so often on other divisions of the rows, to see how far metrics differ.", unit="folds", low=0
    )
    select: bool = option(False, "Try again without features that are not needed; keep it if not worse.")
    mistakes: int = option(
        20, "Wrong answers about texts that the report shows, the surest first.", unit="rows", low=0, high=1000
    )


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """The search for better options."""

    title: ClassVar[str] = "Search"
    trials: int = option(
        0,
        "Try so many sets of options on the validation split, and use the best.",
        name="tune",
        unit="trials",
        low=0,
        common=True,
    )
    store: Path | None = option(
        None, "File that keeps the search, to go on with it.", name="tune_store", unset="not kept", **ELSEWHERE
    )


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run is called, where it writes, and what makes it repeatable."""

    title: ClassVar[str] = "Run"
    name: str | None = option(
        None, "Name of the model.", unit="name", unset="from the file's name", common=True, learned=False
    )
    models: Path = option(
        Path("models"), "Folder of the bundles; the next version is written.", common=True, **ELSEWHERE
    )
    seed: int = option(0, "Makes a run repeatable on one machine.", unit="number", low=0, common=True)
    checkpoints: Path | None = option(
        None,
        "Folder to save the run in after each epoch; the same command goes on from there if killed.",
        unset="not saved",
        **ELSEWHERE,
    )
    sign_key: Path | None = option(
        None,
        "Private key (PEM) to sign the bundle with. "
        "Its passphrase, if it has one, is taken from SLIPWAY_SIGN_KEY_PASSPHRASE.",
        **ELSEWHERE,
    )
    tensorboard: Path | None = option(
        None, "Folder to write the losses and the learning rate to, for TensorBoard.", **ELSEWHERE
    )
    mlflow: str | None = option(
        None, "MLflow store to log the run to: sqlite:///runs.db, http://host:5000.", unit="uri", **ELSEWHERE
    )
