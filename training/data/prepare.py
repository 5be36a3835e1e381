"""Prepare: a data file -> everything that is learned from.

    load ─> clean ─> infer the task ─> split ─> describe the training rows ─┬─> tensors of each part
    a large file: survey (training/data/stream.py), which gives a sample of each ┘

What a column means is its type's to say. It knows nothing about networks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.arrays import Rows
from training.data import mixed_columns
from training.data.chunked_reader import Seen
from training.data.clean import Table, check_columns, check_enough, check_some, clean
from training.data.load import load
from training.data.split import Split, check_parts, split
from training.data.stream import Stream, Survey, streams, survey
from training.features.features import Features, describe, recut
from training.options import Options
from training.tasks.base import Task
from training.tasks.registry import infer_task, task_class


@dataclass(frozen=True)
class PartRows:
    """How many rows each part of the split has."""

    train: int
    validation: int
    test: int


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
    rows: PartRows  # of the file; of a stream, the parts here are samples
    warnings: tuple[str, ...] = ()  # what a person should look at before trusting the model
    stream: Stream | None = None  # where all the training rows are, if not here

    @property
    def test_frame(self) -> pd.DataFrame:
        return self.table.features.iloc[self.parts.test]


def prepare(options: Options, seen: Seen = lambda _share: None) -> Data:
    """Read, clean and divide the data of a run, or raise a DataError; `seen` is told how far a stream was read."""
    return _streamed(survey(options, seen), options) if streams(options) else _whole(options)


def _whole(options: Options) -> Data:
    frame, chosen = read(options), options.data
    is_text = chosen.task is not None and task_class(chosen.task).takes_text
    names = [chosen.target] if chosen.target and is_text else []
    mixed = mixed_columns.examine(frame, leave=(*chosen.drop, *chosen.categorical, *names))
    table = clean(frame, chosen.target, chosen.drop, chosen.categorical, keep_duplicates=chosen.keep_duplicates)
    task = infer_task(table.target, chosen.task)
    y = task.encode(table.target)  # (rows,)
    shares = {"validation": chosen.validation_share, "test": chosen.test_share}
    parts = split(table.features, y, strata=task.strata(y), seed=options.run.seed, **shares)
    return replace(divided(table, task, y, parts, options), warnings=(*mixed, *table.remarks))


def _streamed(found: Survey, options: Options) -> Data:
    """Go on with a sample of each part, which is all that must stand in memory."""
    columns, types = found.columns(), found.types()
    check_some(columns)
    check_enough(found.rows_with_target)
    task = found.target.task(options.data.task)
    frames = [sample.frame for sample in found.samples]
    rows = pd.concat(frames, ignore_index=True)
    table = Table(
        features=rows[list(types)],
        types=types,
        summaries={name: found.accounts[name].all for name in types},
        target=rows[found.target.name],
        columns=tuple(columns),
        rows_read=found.rows_read,
        rows_without_target=found.rows_read - found.rows_with_target,
        rows_repeated=0,
        remarks=found.remarks(types),
    )
    y = task.encode(table.target)
    parts = Split(*np.split(np.arange(len(rows)), np.cumsum([len(frame) for frame in frames])[:-1]))
    check_parts(parts, task.strata(y))
    return replace(
        divided(table, task, y, parts, options, found.features(types)),
        warnings=table.remarks,
        stream=found.stream,
        rows=PartRows(*(sample.seen for sample in found.samples)),
    )


def divided(
    table: Table, task: Task, y: NDArray[Any], parts: Split, options: Options, features: Features | None = None
) -> Data:
    """Lay out all three parts of a division by `features`; None: describe its training rows."""
    features = features or _described(table, parts, options)
    may_lack = options.data.allow_missing
    return Data(
        table=table,
        task=task.fit_to(y[parts.train]),
        features=features,
        parts=parts,
        train=_rows(table, features, y, parts.train),
        validation=_rows(table, features, y, parts.validation),
        test=_rows(table, features, y, parts.test),
        optional={name: may_lack or column.missing_share > 0 for name, column in features.columns.items()},
        rows=PartRows(len(parts.train), len(parts.validation), len(parts.test)),
    )


def redescribed(data: Data, options: Options) -> Data:
    """Return the data with its training rows described anew, as other options want it."""
    found = _described(data.table, data.parts, options)
    return replace(data, features=found if data.stream is None else recut(data.features, found))


def read(options: Options) -> pd.DataFrame:
    """Load the file; the target and the columns named categorical keep their text as written."""
    text = [*options.data.categorical, *([options.data.target] if options.data.target else [])]
    frame = load(options.data.path, text, options.data.encoding)
    check_columns(list(frame.columns), options.data.target, (*options.data.drop, *options.data.categorical))
    return frame


def _described(table: Table, parts: Split, options: Options) -> Features:
    return describe(table.features.iloc[parts.train], table.types, options, table.summaries)


def _rows(table: Table, features: Features, y: NDArray[Any], rows: NDArray[Any]) -> Rows:
    return Rows(features.arrays(table.features.iloc[rows]), y[rows])


def streamed_note(data: Data) -> str:
    """Say how a streamed file was treated otherwise than one that is read whole."""
    parts = {"training": (data.train, data.rows.train), "validation": (data.validation, data.rows.validation)}
    parts["test"] = (data.test, data.rows.test)
    samples = ", ".join(
        f"{len(rows):,} of {there:,} {name} rows" for name, (rows, there) in parts.items() if len(rows) < there
    )
    sampled = "Quantiles, baselines, calibration and the profile come from a sample, and so does what is judged: "
    return (
        "The file was read as a stream, twice: statistics and the fit are of every training row. "
        f"{f'{sampled}{samples}. ' if samples else ''}Repeated rows were kept, all copies in one part."
    )
