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

from training.columns.summaries import HASHES, Counts, Different, Sample, Summary
from training.columns.values import ColumnType, Content, objection
from training.data.chunked_reader import DoesNotFit, Kind, Seen, Source
from training.data.clean import Column, check_columns
from training.errors import DataError
from training.features.dates import parts_in
from training.features.features import Category, Features, Number, describe, vocabulary
from training.features.options import CategoryOptions, NumberOptions
from training.options import Options
from training.tasks.streaming_target import Target

SAMPLE_ROWS = 100_000  # of a part, at most
SAMPLE_CELLS = 10_000_000  # of a part's sample, at most: fewer rows of many columns
LARGE_BYTES = 64 * 2**20  # of text, at least; read whole, a table takes some twenty times as much while it is prepared
PACKED = 5  # times as large is the text of a compressed or Parquet file, at least
TEXT_ENDINGS = ("", ".csv", ".tsv", ".txt")
TRAIN, VALIDATION, TEST = 0, 1, 2


def streams(options: Options) -> bool:
    """Say whether the file is read as a stream: as asked, or when it is large."""
    if options.data.stream is not None or not options.data.path.is_file():
        return bool(options.data.stream)
    growth = 1 if options.data.path.suffix.lower() in TEXT_ENDINGS else PACKED
    return options.data.path.stat().st_size * growth > LARGE_BYTES


@dataclass(frozen=True)
class Divided:
    """Rows with a target, and the part that each belongs to."""

    frame: pd.DataFrame  # converted features
    target: pd.Series  # as text
    part: NDArray[np.int8]  # (rows,)
    hashes: dict[str, NDArray[np.uint64]]  # of each column's values, (rows,)

    def of(self, part: int) -> tuple[pd.DataFrame, pd.Series]:
        """Return features and target of a part."""
        return self.frame[self.part == part], self.target[self.part == part]


@dataclass(frozen=True)
class Stream:
    """A file whose columns' kinds are known, divided by the options."""

    source: Source
    options: Options
    kinds: dict[str, Kind]
    told_apart_by: tuple[str, ...]  # columns that make rows equal or different: no identifiers

    def divided(self, seen: Seen) -> Iterator[tuple[Divided, int]]:
        """Give the rows that have a target, and how many were read with and without."""
        target = str(self.options.data.target)
        for frame in self.source.read(self.kinds, seen):
            labelled = frame[frame[target] != ""]
            features, said = labelled.drop(columns=target), labelled[target]
            hashes = {name: _hash(features[name]) for name in features.columns}
            part = self._parts(
                [*(hashes[name] for name in features.columns if name in self.told_apart_by), _hash(said)]
            )
            yield Divided(features, said, part, hashes), len(frame)

    def _parts(self, hashes: list[NDArray[np.uint64]]) -> NDArray[np.int8]:
        """Draw each row's part by what stands in it: (rows,)."""
        drawn = _join(hashes, self.options.run.seed) / HASHES  # (rows,) from 0 to 1
        ends = np.cumsum([self.options.data.test_share, self.options.data.validation_share])
        places = np.array([TEST, VALIDATION, TRAIN], np.int8)
        parts: NDArray[np.int8] = places[np.searchsorted(ends, drawn, side="right")]
        return parts


class _Account:
    """What is kept of one column."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.all, self.train, self.different, self.counts = Summary(), Summary(), Different(), Counts()

    def add(self, values: NDArray[Any], hashes: NDArray[np.uint64], train: NDArray[np.bool_]) -> None:
        self.all.add(values)
        self.different.add(hashes[values != ""] if values.dtype == object else hashes[~np.isnan(values)])
        trained = values[train] if values.dtype == object else values[train].astype(np.float32).astype(np.float64)
        self.train.add(trained)
        if values.dtype == object:
            self.counts.add(trained)

    def identifies(self, name: str) -> bool:
        """Say whether the column has another value in nearly every row."""
        return self.content.different > 1 and objection(self.content, name, self.type) is not None

    @property
    def type(self) -> ColumnType:
        return "string" if self.kind == "date" else self.kind

    @property
    def content(self) -> Content:
        of = self.all
        return Content(of.rows, of.present, self.different.count(of.present), of.minimum, of.maximum, of.is_whole)


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
        """Take in a chunk."""
        self.rows_read += read
        self.rows_with_target += len(rows.frame)
        train = rows.part == TRAIN
        for name in rows.frame.columns:
            account = self.accounts.setdefault(name, _Account(self.stream.kinds.get(name, "number")))
            account.add(rows.frame[name].to_numpy(), rows.hashes[name], train)
        self.target.add(rows.target)
        for part, sample in enumerate(self.samples):
            frame, target = rows.of(part)
            sample.add(frame.assign(**{self.target.name: target}))

    def columns(self) -> list[Column]:
        """Say what became of each column, in the order of the file."""
        names = list(self.stream.kinds)
        target = self.target
        found = {target.name: Column(target.name, target.type, 0.0, target.different, target.example, "target")}
        for name, account in self.accounts.items():
            of = account.all
            example = str(pd.Timestamp(float(of.example), unit="s")) if account.kind == "date" else of.example
            content = account.content
            fate = self._fate(name, account)
            found[name] = Column(name, account.type, of.missing_share, content.different, example, fate)
        order = [*names, *(name for name in found if name not in names)]
        return [found[name] for name in order]

    def _fate(self, name: str, account: _Account) -> str:
        if name in self.stream.options.data.drop:
            return "dropped: as asked"
        if account.kind == "date":
            return f"dropped: in its place stand {', '.join(parts_in(self.accounts, name))}"
        reason = objection(account.content, name, account.type)
        return f"dropped: {reason}" if reason else "feature"

    def features(self, types: dict[str, ColumnType]) -> Features:
        """Describe the training rows: quantiles from their sample, everything else from all of them."""
        options = self.stream.options
        found = describe(
            self.samples[TRAIN].frame,
            types,
            bins=options.own(NumberOptions).bins,
            max_vocabulary=options.own(CategoryOptions).max_vocabulary,
        )
        return replace(
            found,
            numbers=tuple(_exact_number(number, self.accounts[number.name].train) for number in found.numbers),
            categories=tuple(self._exact_category(category) for category in found.categories),
        )

    def _exact_category(self, category: Category) -> Category:
        account = self.accounts[category.name]
        known = vocabulary(account.counts.of, self.stream.options.own(CategoryOptions).max_vocabulary)
        return replace(category, missing_share=account.train.missing_share, vocabulary=known)


def survey(options: Options, seen: Seen) -> Survey:
    """Read the file once.

    Raises:
        DataError: with a message that a person can act on.
    """
    text = frozenset([*options.data.categorical, *([options.data.target] if options.data.target else [])])
    source = Source(options.data.path, text, text | frozenset(options.data.drop), options.data.encoding)
    kinds = source.first_kinds()
    check_columns(
        pd.DataFrame(columns=list(kinds)), options.data.target, (*options.data.drop, *options.data.categorical)
    )
    late: dict[str, str] = {}
    while True:
        try:
            found = _survey(Stream(source, options, kinds, _telling(source, options, kinds)), seen)
            return replace(found, warnings=tuple(late.values()))
        except DoesNotFit as error:  # a later chunk holds something else: begin again, one kind further
            wider = source.widened(kinds, error.names)
            late |= {
                name: _said(name, kinds[name], wider[name]) for name in error.names if name not in options.data.drop
            }
            kinds = wider


def _said(name: str, before: Kind, after: Kind) -> str:
    return f"{name!r} begins with {before} values and goes on with others: it is taken as a {after} column."


def _survey(stream: Stream, seen: Seen) -> Survey:
    rows = min(SAMPLE_ROWS, SAMPLE_CELLS // len(stream.kinds))
    samples = tuple(Sample(rows, seed=stream.options.run.seed + part) for part in (TRAIN, VALIDATION, TEST))
    found = Survey(stream, Target(str(stream.options.data.target)), samples=samples)
    for divided, read in stream.divided(seen):
        found.add(divided, read)
    if not found.rows_with_target:
        raise DataError(f"`--target`: expected values in {found.target.name!r}. Received: only missing cells.")
    return found


def _telling(source: Source, options: Options, kinds: dict[str, Kind]) -> tuple[str, ...]:
    """Return the columns that tell rows apart: all but those that, by the first chunk, are identifiers."""
    first = next(source.read(kinds, lambda _share: None)).drop(columns=[str(options.data.target), *options.data.drop])
    found = Survey(Stream(source, options, kinds, ()), Target(str(options.data.target)))
    part = np.zeros(len(first), np.int8)
    hashes = {str(name): _hash(first[name]) for name in first.columns}
    found.add(Divided(first, pd.Series(dtype=object), part, hashes), len(first))
    return tuple(column for column, account in found.accounts.items() if not account.identifies(column))


def recut(exact: Features, sampled: Features) -> Features:
    """Return the exact statistics of all training rows, with the pieces that a sample was cut into."""
    pieces = {number.name: number.edges[1:-1] for number in sampled.numbers}
    numbers = (replace(n, edges=(n.edges[0], *pieces[n.name], n.edges[-1])) for n in exact.numbers)
    return replace(exact, numbers=tuple(replace(n, edges=tuple(sorted(set(n.edges)))) for n in numbers))


def _exact_number(number: Number, of: Summary) -> Number:
    if not of.present:
        return replace(number, missing_share=of.missing_share)
    edges = sorted({of.minimum, *number.edges[1:-1], of.maximum})
    return replace(
        number,
        missing_share=of.missing_share,
        minimum=float(of.minimum),
        maximum=float(of.maximum),
        mean=of.mean,
        deviation=of.deviation,
        edges=tuple(map(float, edges)),
    )


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
