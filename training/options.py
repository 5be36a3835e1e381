"""Every choice of a training run: its unit, its default and the reason for it.

`training/cli/train.py` turns the command line into `Options`; every later stage reads what it needs from it.
It knows nothing about files, networks or the command line's spelling.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from training.budget import USUAL, Budget

TaskName = Literal["binary", "multiclass", "regression"]
OptimizerName = Literal["sgd", "momentum", "rmsprop", "adam", "adamw"]
OPTIMIZERS: tuple[OptimizerName, ...] = get_args(OptimizerName)
FamilyName = Literal["plain", "residual", "wide-and-deep"]
ScheduleName = Literal["plateau", "cosine", "constant"]
ThresholdMetric = Literal["f1", "accuracy", "balanced_accuracy"]
CompressName = Literal["quick", "full"]
HalfName = Literal["float16", "bfloat16"]
MixedPrecision = Literal["off", "auto", "float16", "bfloat16"]
Precision = Literal["fp32", "fp16", "int8-dynamic", "int8-static"]
Forced = Literal["fp32", "fp16", "int8-static"]  # int8-dynamic never ships: a row's answer would depend on its batch


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may choose; a default serves a table of a thousand to a million rows."""

    data: Path
    target: str | None = None  # None: refused with the list of columns
    encoding: str = "utf-8"  # of a CSV file
    name: str | None = None  # None: from the file's name
    models: Path = Path("models")
    sign_key: Path | None = None  # None: not signed
    checkpoints: Path | None = None  # None: a run that is killed begins anew
    tensorboard: Path | None = None  # None: no event files
    mlflow: str | None = None  # URI; None: not tracked
    stream: bool | None = (
        None  # read the file twice, a piece at a time; None: when it is large, training/data/stream.py
    )

    task: TaskName | None = None  # None: inferred from the target's values
    categorical: tuple[str, ...] = ()  # number columns that are codes, not quantities
    drop: tuple[str, ...] = ()
    keep_duplicates: bool = False
    allow_missing: bool = False
    max_vocabulary: int = 1000  # values a column; the rest is too rare to learn from
    validation_share: float = 0.15
    test_share: float = 0.2

    network: FamilyName = "wide-and-deep"  # see training/network/architectures.py and docs/decisions/0205
    hidden: tuple[int, ...] = (128, 64)  # units of each dense layer
    members: int = 1  # heads, each with a last hidden layer of its own
    dropout: float = 0.1  # share of units silenced in training
    bins: int = 48  # pieces a number is cut into, at most; against 16, Adult gains 0.7 points of ROC AUC
    sums: int = 8  # learned sums of a number's pieces, in training alone; 0: none
    embedding: int = 8  # numbers a categorical value is turned into

    mixed_precision: MixedPrecision = (
        "off"  # what hidden layers compute in while fitting, training/trainer/mixed_precision.py
    )
    jit: bool = False  # compile the fit with XLA; a seed then need not repeat it, and processors lose by it
    optimizer: OptimizerName = "adamw"
    learning_rate: float | None = None  # None: the optimizer's own, see training/trainer/fit.py
    batch_size: int | None = None  # rows; None: 32 to 256, or 1024, by the number of training rows
    epochs: int = 100  # an upper bound; early stopping ends most runs sooner
    patience: int = 7  # epochs without a better validation loss; ten kept the same weights in ten runs on six tables
    schedule: ScheduleName = "plateau"  # how the learning rate moves
    warm_up: int = 0  # epochs in which the learning rate rises to its full value
    averaging: float = 0.99  # share of the old mean of the weights kept a step; 0: the weights themselves
    label_smoothing: float = 0.0  # share of a row's weight that all labels get alike
    class_weights: bool = False
    calibrate: bool = True  # temperature by the validation rows; folded into the head, so it is served for nothing
    threshold_for: ThresholdMetric | None = None  # None: the most probable label
    tune: int = 0  # sets of options to try before the run that ships; 0: none
    tune_store: Path | None = None  # None: the search is not kept
    folds: int = 0  # further fits on other divisions of the training and validation rows; 0: none
    select: bool = False  # fit again without the features that the first model does not need
    seed: int = 0

    compress: CompressName = "quick"  # full fits smaller networks, too, and takes about as long as the first fit
    budget: Budget = USUAL  # what the graph that ships may lose, take and weigh
    precision: Forced | None = None  # None: chosen by measurement
