"""The options of `train` for type checkers: written from their declarations by its test.

The checks of values are those of the command line; nothing here runs.
"""

from collections.abc import Iterable
from os import PathLike
from typing import Literal, TypedDict


class TrainOptions(TypedDict, total=False):
    """The options of `slipway train`."""

    # What to predict.
    task: Literal["binary", "multiclass", "multilabel", "regression"] | None
    # Number columns that are codes, not quantities: a,b.
    categorical: str | Iterable[str]
    # Columns to leave out: a,b.
    drop: str | Iterable[str]
    # What a column is: a type of features.
    type: str | Iterable[str]
    # How numbers are written, by an example: 1.234,56.
    number_format: str | None
    # In which order dates such as 01/02/2024 are.
    date_order: Literal["ymd", "dmy", "mdy"] | None
    # A further word for a missing value, beside NA, ?, null …
    missing: str | Iterable[str]
    # Take quotes of a CSV file as letters: a cell may begin with one.
    no_quotes: bool
    # How a text file writes letters: cp1252, utf-16 …
    encoding: str | None
    # Keep the table in a temporary file instead of memory.
    stream: bool | None
    # How rows are divided into training, validation and test.
    split: Literal["random", "time", "group", "column"] | None
    # Moments or numbers to split by: the last rows are tested.
    time_column: str | None
    # Leave out so much time between the parts: 7d, 12h, 30 …
    gap: str | None
    # What rows belong to, such as a customer: no group stands in two parts.
    group_column: str | None
    # A published split: train, validation (or dev, valid, val), test.
    split_column: str | None
    # How much each row counts.
    weights: str | None
    # Leave out rows that are equal to one before them.
    drop_duplicates: bool
    # Let callers leave out any feature, not only those seen missing.
    allow_missing: bool
    # Share of the rows that decides when to stop and what ships.
    validation_share: float
    # Share of the rows that only measures.
    test_share: float
    # Pieces that a number is cut into.
    bins: int
    # Learned sums of a number's pieces, folded away after the fit; 0: none.
    sums: int
    # Most frequent values kept of a category; the rest counts as unknown.
    max_vocabulary: int
    # Numbers that a categorical value is turned into.
    embedding: int
    # Most frequent n-grams kept of a column of texts.
    max_grams: int
    # Characters of the longest text that is answered.
    longest_text: int
    # Cut longer texts where they end, instead of refusing them.
    cut_texts: bool
    # How far n-grams move a step.
    text_rate: float
    # How freely n-grams are learned at first: the C of logistic regression.
    text_c: float
    # Folder of an encoder (BERT, DistilBERT, RoBERTa) that gives words vectors; needs the extra `text`.
    vectors: str | PathLike[str] | None
    # How much vectors count beside n-grams.
    vectors_weight: float
    # Folder of an encoder that reads texts whole, beside the n-grams; serving needs the extra `text`, too.
    encoder: str | PathLike[str] | None
    # Tokens of a text that the encoder reads; what follows counts by its n-grams.
    encoder_tokens: int
    # How much its vectors count beside n-grams.
    encoder_weight: float
    # How the layers are wired.
    network: Literal["plain", "residual", "wide-and-deep"]
    # Units of the hidden layers.
    hidden: str | Iterable[int]
    # Heads, each with a last hidden layer of its own; their mean is served.
    members: int
    # Share of units silenced in training.
    dropout: float
    # Which of two labels the metrics are about.
    positive: str | None
    # Share of a row's weight that all labels get alike.
    label_smoothing: float
    # Let every class count the same, however rare.
    class_weights: bool
    # Fit a temperature on the validation rows, so that probabilities come true.
    calibrate: bool
    # Choose the labels' threshold for this metric; two labels only.
    threshold_for: Literal["f1", "accuracy", "balanced_accuracy"] | None
    # What stands between the labels of a cell, with --task multilabel.
    separator: str
    # At most so many passes over the data.
    epochs: int
    # Stop after so many epochs without a better validation loss.
    patience: int
    # How weights move.
    optimizer: Literal["sgd", "momentum", "rmsprop", "adam", "adamw"]
    # How far weights move a step.
    learning_rate: float | None
    # Rows a step.
    batch_size: int | None
    # How the learning rate moves.
    schedule: Literal["plateau", "cosine", "constant"]
    # Epochs in which the learning rate rises to its full value.
    warm_up: int
    # Keep so much of the running mean of the weights a step; 0: none.
    averaging: float
    # Let hidden layers compute in 16 bits while fitting; auto: where it pays.
    mixed_precision: Literal["off", "auto", "float16", "bfloat16"]
    # Compile the fit with XLA: for graphics cards; a seed need not repeat it.
    jit: bool
    # quick: narrower weights; full: also fewer units, which are fitted anew.
    compress: Literal["quick", "full"]
    # Points (hundredths of the main metric) that compression may cost, or
    # quality=0.5pt,latency_ms=1,size_kb=200.
    budget: str | float
    # Ship this graph whatever was measured.
    precision: Literal["fp32", "fp16", "int8-static"] | None
    # Fit so often on other divisions of the rows, to see how far metrics differ.
    folds: int
    # Try again without features that are not needed; keep it if not worse.
    select: bool
    # Wrong answers about texts that the report shows, the surest first.
    mistakes: int
    # Try so many sets of options on the validation split, and use the best.
    tune: int
    # File that keeps the search, to go on with it.
    tune_store: str | PathLike[str] | None
    # Makes a run repeatable on one machine.
    seed: int
    # Folder to save the run in after each epoch; the same command goes on from there if killed.
    checkpoints: str | PathLike[str] | None
    # Private key (PEM) to sign the bundle with. Its passphrase, if it has one, is taken from
    # SLIPWAY_SIGN_KEY_PASSPHRASE.
    sign_key: str | PathLike[str] | None
    # Folder to write the losses and the learning rate to, for TensorBoard.
    tensorboard: str | PathLike[str] | None
    # MLflow store to log the run to: sqlite:///runs.db, http://host:5000.
    mlflow: str | None
