"""Prepare: a data file -> everything that is learned from.

    survey ─> types of the columns, by all rows        (training/data/survey.py)
    fill   ─> cells of the rows that have a target, in memory or in a temporary file; an account of each column
    divide ─> the part of each row
    gather ─> statistics of the training rows, and the rows of each part, or a sample of them

A file that is large goes the same way; it is kept in a file, and only samples of its parts stand in memory.
What a column means is its type's to say. It knows nothing about networks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.sources.rules import Rules
from training.columns.arrays import Rows
from training.columns.summaries import Sample, Summary
from training.data.accounts import FEATURE, Column, check_enough, check_some
from training.data.cells import Cells
from training.data.division import Division, divide, in_parts
from training.data.filling import Filled, fill
from training.data.identity import of_files
from training.data.roles import WEIGHTS
from training.data.split import LEFT_OUT, TEST, TRAIN, VALIDATION, Keys, Split, check_parts
from training.data.survey import Seen, Survey, survey
from training.data.ways.base import Way
from training.features.base import Column as FeatureColumn
from training.features.features import Features, describe, recut
from training.features.registry import feature_type
from training.options import Options
from training.rendering.markdown import code
from training.tasks.base import Task

SAMPLE_ROWS = 100_000  # of a part, at most: of a large file, and for the quantiles of any
SAMPLE_CELLS = 10_000_000  # of a part's sample, at most: fewer rows of many columns
LARGE_BYTES = 64 * 2**20  # of text, at least; in memory, a table takes some twenty times as much while it is prepared
PACKED = 5  # times as large is the text of a compressed or Parquet file, at least


@dataclass(frozen=True)
class PartRows:
    """How many rows each part of the split has."""

    train: int
    validation: int
    test: int


@dataclass(frozen=True)
class Table:
    """What is learned from: cells of the features, the target, and the account of what was read."""

    features: pd.DataFrame  # (rows, features): cells, as the features' types make them
    types: dict[str, str]  # feature -> the name of its type
    summaries: Mapping[str, Summary]  # feature -> what was kept of all its cells, whatever their part
    target: pd.Series  # (rows,) cells
    keys: Keys  # (rows,): rows with one key have equal features, or are copies of each other
    are_copies: bool  # many rows with one key are no counts
    way: Way  # how they were divided
    values: NDArray[Any]  # (rows,) by what
    split: Mapping[str, Any]  # facts of it, for the manifest
    said: str  # and for people
    running: tuple[str, ...]  # columns that the rows were in the order of
    weights: NDArray[np.float64] | None  # (rows,) how much each counts; None: all alike
    columns: tuple[Column, ...]  # every column of the file, in order
    rows_read: int
    rows_without_target: int
    rows_weightless: int  # that have a target, and count nothing
    rows_repeated: int  # equal to one before them
    rows_removed: int  # of them
    rules: Rules  # how the file was read
    source_name: str  # of the file or folder, for people
    sha256: str  # of what was read


@dataclass(frozen=True)
class Stream:
    """All rows of a table that does not stand in memory."""

    cells: Cells
    division: Division
    target: str
    weights: str | None = None  # the column that says how much each row counts

    def training_rows(self, seen: Seen) -> Iterator[tuple[pd.DataFrame, pd.Series, NDArray[np.float64] | None]]:
        """Give features, target and weights of the training rows, chunk by chunk."""
        done = 0
        for frame, part in in_parts(self.cells, self.division):
            done += len(frame)
            rows = frame[part == TRAIN]
            yield rows, rows[self.target], None if self.weights is None else rows[self.weights].to_numpy(np.float64)
            seen(done / self.cells.rows)


@dataclass(frozen=True)
class Data:
    """A table, its task, and its three parts."""

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
    """Read, clean and divide the data of a run, or raise a DataError; `seen` is told how far the file was read."""
    found = survey(options.data, lambda share: seen(share / 2))
    filled = fill(found, options, in_memory=not streams(found, options), seen=lambda share: seen((1 + share) / 2))
    task = filled.target.task(options.data.task).about(*filled.target.counted, options)
    check_some(filled.columns)
    check_enough(filled.cells.rows)
    types = {column.name: column.type for column in filled.columns if column.fate == FEATURE}
    division = divide(filled, list(types), task, options)
    return _gathered(found, filled, types, task, division, options)


def streams(found: Survey, options: Options) -> bool:
    """Say whether the table is kept in a file: as asked, or when it is large."""
    if options.data.stream is not None:
        return options.data.stream
    return found.source.size_bytes * (PACKED if found.source.packed else 1) > LARGE_BYTES


def _gathered(
    found: Survey, filled: Filled, types: dict[str, str], task: Task, division: Division, options: Options
) -> Data:
    """Take the statistics of the training rows, and all rows of each part, or of a stream samples of them."""
    cells, target, seed = filled.cells, filled.target.name, options.run.seed
    weights = filled.roles[WEIGHTS].column if WEIGHTS in filled.roles else None
    trained = _trained(cells, division, types)
    most = _sample_rows(types)
    rows, parts, keys = _whole(cells, division) if cells.in_memory else _sampled(cells, division, most, seed)
    y = task.encode(rows[target])
    check_parts(parts, task.strata(y))
    table = Table(
        features=rows[list(types)],
        types=types,
        summaries={name: filled.accounts[name].all for name in types},
        target=rows[target],
        keys=keys,
        are_copies=division.rows.are_copies,
        way=division.way,
        values=division.way.values(rows),
        split=division.facts,
        said=division.dealt.said,
        running=division.running,
        weights=None if weights is None else rows[weights].to_numpy(np.float64),
        columns=tuple(filled.columns),
        rows_read=found.rows,
        rows_without_target=found.rows - cells.rows - filled.weightless,
        rows_weightless=filled.weightless,
        rows_repeated=int(division.rows.repeated.sum()),
        rows_removed=division.removed,
        rules=found.rules,
        source_name=found.source.files[0].name if len(found.source.files) == 1 else options.data.path.name,
        sha256=of_files(found.source.files),
    )
    features = describe(_to_describe(table, parts, options), types, options, table.summaries, trained)
    said = (remark for name, column in features.columns.items() for remark in _remarks(column, features, table))
    return replace(
        divided(table, task, y, parts, options, features),
        warnings=(*found.warnings, *said, *division.remarks),
        stream=None if cells.in_memory else Stream(cells, division, target, weights),
        rows=PartRows(*(int((division.part == number).sum()) for number in (TRAIN, VALIDATION, TEST))),
    )


def divided(
    table: Table, task: Task, y: NDArray[Any], parts: Split, options: Options, features: Features | None = None
) -> Data:
    """Lay out all three parts of a division by `features`; None: describe its training rows."""
    features = features or describe(table.features.iloc[parts.train], table.types, options, table.summaries)
    may_lack = options.data.allow_missing
    train = rows_at(table, features, y, parts.train)
    return Data(
        table=table,
        task=task.fit_to(train.y, train.weights),
        features=features,
        parts=parts,
        train=train,
        validation=rows_at(table, features, y, parts.validation),
        test=rows_at(table, features, y, parts.test),
        optional={name: may_lack or column.missing_share > 0 for name, column in features.columns.items()},
        rows=PartRows(len(parts.train), len(parts.validation), len(parts.test)),
    )


def redescribed(data: Data, options: Options) -> Data:
    """Return the data with its training rows described anew, as other options want it."""
    table = data.table
    found = describe(_to_describe(table, data.parts, options), table.types, options, table.summaries)
    return replace(data, features=recut(data.features, found))


def repeated(data: Data) -> str:
    """Say how many rows are equal to one before them, and what became of those."""
    table = data.table
    return f"{table.rows_repeated:,} equal to one before, {'left out' if table.rows_removed else 'kept'}"


def weighing(data: Data, options: Options) -> str:
    """Say by which column rows count, and how many count nothing; nothing, if all count alike."""
    left_out, column = data.table.rows_weightless, options.data.weights
    if column is None:
        return ""
    return f"Rows count by {code(column)}" + (f"; {left_out:,} of weight zero were left out." if left_out else ".")


def streamed_note(data: Data) -> str:
    """Say what is otherwise for a table that does not stand in memory."""
    pairs = zip(("training", "validation", "test"), (data.train, data.validation, data.test), strict=True)
    there = vars(data.rows).values()
    samples = ", ".join(
        f"{len(rows):,} of {all_of_them:,} {name} rows"
        for (name, rows), all_of_them in zip(pairs, there, strict=True)
        if len(rows) < all_of_them
    )
    sampled = f" Baselines, calibration and the profile come from a sample, and so does what is judged: {samples}."
    return f"The table is kept in a temporary file; the fit is of every training row.{sampled if samples else ''}"


def _trained(cells: Cells, division: Division, types: Mapping[str, str]) -> dict[str, Summary]:
    """Summarise the training rows, all of them."""
    summaries = {name: feature_type(type_).summary(trained=True) for name, type_ in types.items()}
    for frame, part in in_parts(cells, division):
        for name, summary in summaries.items():
            summary.add(frame[name].to_numpy()[part == TRAIN])
    return summaries


def _whole(cells: Cells, division: Division) -> tuple[pd.DataFrame, Split, Keys]:
    """Return all rows, which of them are in each part, and their keys."""
    rows = pd.concat(list(cells.chunks()), ignore_index=True)
    kept = division.part != LEFT_OUT
    part = division.part[kept]
    parts = Split(*(np.flatnonzero(part == number) for number in (TRAIN, VALIDATION, TEST)))
    return rows[kept].reset_index(drop=True), parts, division.keys[kept]


def _sampled(cells: Cells, division: Division, most: int, seed: int) -> tuple[pd.DataFrame, Split, Keys]:
    """Return a sample of each part; its rows stand one part behind the other."""
    samples = [Sample(most, seed + number) for number in (TRAIN, VALIDATION, TEST)]
    for frame, part in in_parts(cells, division):
        for number, sample in enumerate(samples):
            sample.add(frame[part == number])
    frames = [sample.frame for sample in samples]
    ends = np.cumsum([len(frame) for frame in frames])
    parts = Split(*np.split(np.arange(ends[-1]), ends[:-1]))
    return pd.concat(frames, ignore_index=True), parts, np.arange(ends[-1], dtype=np.uint64)


def _to_describe(table: Table, parts: Split, options: Options) -> pd.DataFrame:
    """Return the training rows, or as many of them as would be sampled of a stream: the same ones."""
    rows, most = parts.train, _sample_rows(table.types)
    if len(rows) > most:
        keys = np.random.default_rng(options.run.seed + TRAIN).random(len(rows))
        rows = rows[np.sort(np.argpartition(keys, most)[:most])]
    return table.features.iloc[rows]


def _sample_rows(types: Mapping[str, str]) -> int:
    return min(SAMPLE_ROWS, SAMPLE_CELLS // len(types))


def _remarks(column: FeatureColumn, features: Features, table: Table) -> Iterator[str]:
    yield from features.type_of(column.name).remarks(column, table.summaries[column.name])


def rows_at(table: Table, features: Features, y: NDArray[Any], rows: NDArray[Any]) -> Rows:
    """Lay out some of the rows by `features`."""
    weights = None if table.weights is None else table.weights[rows]
    units = table.way.units(table.values[rows])
    return Rows(features.arrays(table.features.iloc[rows]), y[rows], weights, units)
