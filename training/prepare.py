"""Prepare: a data file -> everything that is learned from, by the kind `table`.

    load ─> clean ─> infer the task ─> split ─> describe the training rows ─> tensors of each part ─> look for leaks

This is where another kind (texts, images, interactions) would stand beside tables: it would bring its own
preparation, network, golden rows and profile; fit, evaluate, export, compress and bundle take any tensors.
It knows nothing about networks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from training import leakage, mixed
from training.clean import Table, check_columns, clean
from training.columns import as_text
from training.dates import expand
from training.evaluate import Rows
from training.features import Features, describe, tensors
from training.infer import infer_task
from training.load import load
from training.options import Options
from training.split import Split, split
from training.task import Task


@dataclass(frozen=True)
class Data:
    """A cleaned table, its task, and its three parts."""

    table: Table
    task: Task
    features: Features  # of the training rows
    parts: Split
    train: Rows
    validation: Rows
    test: Rows
    optional: Mapping[str, bool]  # feature -> whether a caller may leave it out
    warnings: tuple[str, ...] = ()  # what a person should look at before trusting the model

    @property
    def test_frame(self) -> pd.DataFrame:
        return self.table.features.iloc[self.parts.test]


def prepare(options: Options) -> Data:
    """Read, clean and divide the data of a run.

    Raises:
        DataError: with a message that a person can act on.
    """
    frame = read(options)
    names = [options.target] if options.target and options.task in {"binary", "multiclass"} else []
    mixed_columns = mixed.examine(frame, leave=(*options.drop, *options.categorical, *names))
    table = clean(frame, options.target, options.drop, keep_duplicates=options.keep_duplicates)
    task = infer_task(table.target, options.task)
    y = task.encode(table.target)  # (rows,)
    parts = split(
        table.features,
        y,
        labels=task.labels,
        validation=options.validation_share,
        test=options.test_share,
        seed=options.seed,
    )
    data = divided(table, task, y, parts, options)
    leaks = leakage.suspects(data.task, data.features, data.train, data.validation)
    return replace(data, warnings=(*map(str, leaks), *mixed_columns))


def divided(table: Table, task: Task, y: NDArray[Any], parts: Split, options: Options) -> Data:
    """Describe the training rows of a division, and lay out all three parts by that."""
    training_rows = table.features.iloc[parts.train]
    features = describe(training_rows, table.types, bins=options.bins, max_vocabulary=options.max_vocabulary)
    return Data(
        table=table,
        task=task.fit_to(y[parts.train]),
        features=features,
        parts=parts,
        train=_rows(table, features, y, parts.train),
        validation=_rows(table, features, y, parts.validation),
        test=_rows(table, features, y, parts.test),
        optional=_optional(features, options.allow_missing),
    )


def redescribed(data: Data, options: Options) -> Data:
    """Return the data with its training rows described anew, as other options want it."""
    training_rows = data.table.features.iloc[data.parts.train]
    return replace(
        data,
        features=describe(training_rows, data.table.types, bins=options.bins, max_vocabulary=options.max_vocabulary),
    )


def read(options: Options) -> pd.DataFrame:
    """Load the file; the target and the columns named categorical keep their text as written."""
    text = [*options.categorical, *([options.target] if options.target else [])]
    frame = expand(load(options.data, text, options.encoding), (*text, *options.drop))
    check_columns(frame, options.target, (*options.drop, *options.categorical))
    return frame.assign(**{name: as_text(frame[name]).replace("", None) for name in options.categorical})


def _rows(table: Table, features: Features, y: NDArray[Any], rows: NDArray[Any]) -> Rows:
    return Rows(tensors(table.features.iloc[rows], features), y[rows])


def _optional(features: Features, allow_missing: bool) -> dict[str, bool]:
    return {name: allow_missing or column.missing_share > 0 for name, column in features.columns.items()}
