"""Stream: a file larger than memory -> what preparation gives for any other, and its training rows once more.

    first pass    chunks ─ divide ─┬─ all rows ───────> what became of each column
                                   ├─ training rows ──> statistics, exact
                                   └─ a sample of each part ─> quantiles, and whatever else wants rows in memory
    second pass   chunks ─ divide ─── training rows ──> training/trainer/shards.py

A row's part follows from its content and the seed, so equal rows stand on one side, and both passes agree.
It knows nothing about networks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.columns.summaries import HASHES, Different, Sample
from training.data.chunked_reader import DoesNotFit, Seen, Source
from training.data.clean import FEATURE, TARGET, Column, check_columns, fate_of
from training.errors import DataError
from training.features.base import Content
from training.features.features import Features, describe
from training.features.registry import feature_type, recognise
from training.options import Options
from training.tasks.streaming_target import Target

SAMPLE_ROWS = 100_000  # of a part, at most
SAMPLE_CELLS = 10_000_000  # of a part's sample, at most: fewer rows of many columns
LARGE_BYTES = 64 * 2**20  # of text, at least; read whole, a table takes some twenty times as much while it is prepared
PACKED = 5  # times as large is the text of a compressed or Parquet file, at least
TEXT_ENDINGS = ("", ".csv", ".tsv", ".txt")
TRAIN, VALIDATION, TEST = 0, 1, 2
LATE = "{!r} begins with {} values and goes on with others: it is taken as a {} column."


def streams(options: Options) -> bool:
    """Say whether the file is read as a stream: as asked, or when it is large."""
    if options.data.stream is not None or not options.data.path.is_file():
        return bool(options.data.stream)
    growth = 1 if options.data.path.suffix.lower() in TEXT_ENDINGS else PACKED
    return options.data.path.stat().st_size * growth > LARGE_BYTES


@dataclass(frozen=True)
class Divided:
    """Rows with a target, and the part that each belongs to."""

    frame: pd.DataFrame  # cells of the features
    target: pd.Series  # as text
    part: NDArray[np.int8]  # (rows,)
    hashes: dict[str, NDArray[np.uint64]]  # of each column's values, (rows,)

    def of(self, part: int) -> tuple[pd.DataFrame, pd.Series]:
        return self.frame[self.part == part], self.target[self.part == part]


@dataclass(frozen=True)
class Stream:
    """A file whose columns' types are known, divided by the options."""

    source: Source
    options: Options
    types: dict[str, str]  # column -> the name of its type
    told_apart_by: tuple[str, ...]  # columns that make rows equal or different: no identifiers

    def divided(self, seen: Seen) -> Iterator[tuple[Divided, int]]:
        """Give the rows that have a target, and how many were read with and without."""
        target = str(self.options.data.target)
        for frame in self.source.read(self.types, seen):
            labelled = frame[frame[target] != ""]
            features, said = labelled.drop(columns=target), labelled[target]
            hashes = {name: _hash(features[name]) for name in features.columns}
            telling = [hashes[name] for name in features.columns if name in self.told_apart_by]
            yield Divided(features, said, self._parts([*telling, _hash(said)]), hashes), len(frame)

    def _parts(self, hashes: list[NDArray[np.uint64]]) -> NDArray[np.int8]:
        """Draw each row's part by what stands in it: (rows,)."""
        drawn = _join(hashes, self.options.run.seed) / HASHES  # (rows,) from 0 to 1
        ends = np.cumsum([self.options.data.test_share, self.options.data.validation_share])
        places = np.array([TEST, VALIDATION, TRAIN], np.int8)
        parts: NDArray[np.int8] = places[np.searchsorted(ends, drawn, side="right")]
        return parts


class _Account:
    """What is kept of one column."""

    def __init__(self, type_: str) -> None:
        self.type = feature_type(type_)
        self.all, self.train = self.type.summary(), self.type.summary(trained=True)
        self.different = Different()

    def add(self, cells: NDArray[Any], hashes: NDArray[np.uint64], train: NDArray[np.bool_]) -> None:
        self.all.add(cells)
        self.train.add(cells[train])
        self.different.add(hashes[~self.type.is_missing(cells)])

    def identifies(self, name: str) -> bool:
        """Say whether the column has another value in nearly every row."""
        return self.content.different > 1 and self.type.objection(self.content, name) is not None

    @property
    def content(self) -> Content:
        return Content(self.all, self.different.count(self.all.present))


@dataclass
class Survey:
    """What the first pass found."""

    stream: Stream
    target: Target
    accounts: dict[str, _Account] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    rows_read: int = 0
    rows_with_target: int = 0
    warnings: tuple[str, ...] = ()

    def add(self, rows: Divided, read: int) -> None:
        self.rows_read += read
        self.rows_with_target += len(rows.frame)
        train = rows.part == TRAIN
        for name in rows.frame.columns:
            account = self.accounts.setdefault(name, _Account(self.stream.types[name]))
            account.add(rows.frame[name].to_numpy(), rows.hashes[name], train)
        self.target.add(rows.target)
        for part, sample in enumerate(self.samples):
            frame, target = rows.of(part)
            sample.add(frame.assign(**{self.target.name: target}))

    def columns(self) -> list[Column]:
        """Say what became of each column, in the order of the file."""
        found = {name: self._column(name, account) for name, account in self.accounts.items()}
        of = self.target
        found[of.name] = Column(of.name, recognise(of.values).name, 0.0, of.different, of.example, TARGET)
        return [found[name] for name in self.stream.types]

    def _column(self, name: str, account: _Account) -> Column:
        content, type_ = account.content, account.type
        fate = fate_of(name, type_, content, self.stream.options.data.drop)
        return Column(name, type_.name, account.all.missing_share, content.different, account.all.example, fate)

    def types(self) -> dict[str, str]:
        """Return the features, and the names of their types."""
        return {column.name: column.type for column in self.columns() if column.fate == FEATURE}

    def features(self, types: dict[str, str]) -> Features:
        """Describe the training rows: quantiles from their sample, everything else from all of them."""
        of = {name: self.accounts[name].all for name in types}
        trained = {name: self.accounts[name].train for name in types}
        return describe(self.samples[TRAIN].frame, types, self.stream.options, of, trained)

    def remarks(self, types: dict[str, str]) -> tuple[str, ...]:
        accounts = ((name, self.accounts[name]) for name in types)
        said = (remark for name, account in accounts for remark in account.type.remarks(name, account.all))
        return (*self.warnings, *said)


def survey(options: Options, seen: Seen) -> Survey:
    """Read the file once; raise a DataError that a person can act on."""
    text = frozenset([*options.data.categorical, *([options.data.target] if options.data.target else [])])
    source = Source(options.data.path, text, options.data.encoding)
    types = source.first_types()
    check_columns(list(types), options.data.target, (*options.data.drop, *options.data.categorical))
    late: dict[str, str] = {}
    while True:
        try:
            found = _survey(Stream(source, options, types, _telling(source, options, types)), seen)
            return replace(found, warnings=tuple(late.values()))
        except DoesNotFit as error:  # a later chunk holds something else: begin again, one type further
            wider = source.widened(types, error.names)
            for name in error.names:
                if name not in options.data.drop:
                    late[name] = LATE.format(name, types[name], wider[name])
            types = wider


def _survey(stream: Stream, seen: Seen) -> Survey:
    rows = min(SAMPLE_ROWS, SAMPLE_CELLS // len(stream.types))
    samples = tuple(Sample(rows, seed=stream.options.run.seed + part) for part in (TRAIN, VALIDATION, TEST))
    found = Survey(stream, Target(str(stream.options.data.target)), samples=samples)
    for divided, read in stream.divided(seen):
        found.add(divided, read)
    if not found.rows_with_target:
        raise DataError(f"`--target`: expected values in {found.target.name!r}. Received: only missing cells.")
    return found


def _telling(source: Source, options: Options, types: dict[str, str]) -> tuple[str, ...]:
    """Return the columns that tell rows apart: all but those that, by the first chunk, are identifiers."""
    first = next(source.read(types, lambda _share: None)).drop(columns=[str(options.data.target), *options.data.drop])
    found = Survey(Stream(source, options, types, ()), Target(str(options.data.target)))
    part = np.zeros(len(first), np.int8)
    hashes = {str(name): _hash(first[name]) for name in first.columns}
    found.add(Divided(first, pd.Series(dtype=object), part, hashes), len(first))
    return tuple(column for column, account in found.accounts.items() if not account.identifies(column))


def _hash(values: pd.Series) -> NDArray[np.uint64]:
    hashes: NDArray[np.uint64] = pd.util.hash_array(values.to_numpy())
    return hashes


def _join(hashes: list[NDArray[np.uint64]], seed: int) -> NDArray[np.uint64]:
    """Join the hashes of a row's cells and the seed into one, evenly spread: (rows,).

    The last step is the finalizer of SplitMix64: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
    generators".
    """
    joined = np.full(len(hashes[0]), seed + 1, np.uint64)
    for cells in hashes:
        joined = (joined ^ cells) * np.uint64(0x9E3779B97F4A7C15)
        joined ^= joined >> np.uint64(32)
    joined = (joined ^ (joined >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    joined = (joined ^ (joined >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return joined ^ (joined >> np.uint64(31))
