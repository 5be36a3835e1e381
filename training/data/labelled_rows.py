"""Labelled: a file with the target -> instances as callers send them, each with its true value, or why not.

    CSV     ─ app.sources.csv_reader ─┐
    Parquet ─ pandas ─────────────────┴> lines ─> Example, refused, or without a target

A cell is read as the service's own tools read it. A bundle of format 1 has the parts of a date as features: for it, a
date column is taken apart.
It knows nothing about graphs or metrics.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.answers.registry import answer_of
from app.bundle.manifest import Manifest
from app.features.feature_set import FeatureSet
from app.sources.csv_reader import Line, Table, Wanted, open_table
from training.columns.values import as_text
from training.data.load import PARQUET, UTF_8, check_encoding, explained, load, read_header
from training.data.sniff import check_file
from training.errors import DataError
from training.features.date_parts import parts as parts_of
from training.features.date_parts import parts_in

CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Example:
    """One row: what a caller would send, and what was true."""

    line: int
    instance: dict[str, Any]
    truth: str | float


@dataclass(frozen=True)
class Reading:
    """An open file of examples; read it once."""

    table: Table
    target: str
    dated: dict[str, list[str]]  # date column of the file -> the features that are its parts

    def chunks(self) -> Iterator[list[Line | Example]]:
        """Yield what became of the lines: an example, or the line without one."""
        lines = self.table.lines()
        while some := list(islice(lines, CHUNK_ROWS)):
            _put_parts(some, self.dated)
            yield [self._example(line) for line in some]

    def _example(self, line: Line) -> Line | Example:
        """An example, or the line, whose fault is empty where only the target is missing."""
        instance = dict(line.instance or {})
        truth = instance.pop(self.target, None)
        if line.instance is None or truth is None:
            return line
        return Example(line.number, instance, truth)


def open_examples(stack: ExitStack, path: Path, manifest: Manifest, encoding: str = UTF_8) -> Reading:
    """Read the header; raise a DataError when a column that the model needs, or the target, lacks."""
    check_file(path)
    if path.suffix.lower() in PARQUET:
        frame = load(path)
        wanted, dated = _wanted(path, list(frame.columns), manifest)
        return Reading(_table(path, frame, wanted), manifest.target, dated)
    encoding = check_encoding(encoding)
    with explained(path, encoding):
        names, _ = read_header(path, encoding)
    wanted, dated = _wanted(path, names, manifest)
    return Reading(open_table(stack, path, wanted, encoding), manifest.target, dated)


def _wanted(path: Path, names: Sequence[str], manifest: Manifest) -> tuple[list[Wanted], dict[str, list[str]]]:
    """Return the columns to read, and the features that are parts of dates, as of bundle format 1."""
    target, features = manifest.target, FeatureSet(manifest.features)
    if target not in names:
        raise DataError(f"{path}: expected the target {target!r} to judge by. Received: {', '.join(names)}.")
    dated = _dated(names, features.names)
    parts = {part for found in dated.values() for part in found}
    own = (each for each in features.features if each.name not in parts)
    wanted = [Wanted(each.name, each.optional, features.text_reader(each.name)) for each in own]
    dates = [Wanted(name, optional=True, read=str) for name in dated]
    return [*wanted, *dates, Wanted(target, optional=True, read=answer_of(manifest.answer).read_text)], dated


def _dated(names: Sequence[str], features: Sequence[str]) -> dict[str, list[str]]:
    """Find the columns of the file whose parts are features that the file does not have."""
    lacking = set(features) - set(names)
    found = {name: parts_in(lacking, name) for name in names}
    return {name: parts for name, parts in found.items() if parts}


def _put_parts(lines: Sequence[Line], dated: dict[str, list[str]]) -> None:
    instances = [line.instance for line in lines if line.instance is not None]
    for name, parts in dated.items():
        values = parts_of(name, [instance.pop(name, None) for instance in instances])
        for part in parts:
            for instance, value in zip(instances, values[part], strict=True):
                if np.isfinite(value):
                    instance[part] = value


def _table(path: Path, frame: pd.DataFrame, wanted: Sequence[Wanted]) -> Table:
    """Give a table of Parquet the form of the service's own reader."""
    absent = tuple(column.name for column in wanted if column.name not in frame.columns)
    required = [column.name for column in wanted if column.name in absent and not column.optional]
    if required:
        raise DataError(f"{path}: expected the column(s) {', '.join(required)}. Received: {', '.join(frame.columns)}.")
    present = [column for column in wanted if column.name not in absent]
    return Table(absent, lambda: 0.0, lambda: _lines(path, frame, present))


def _lines(path: Path, frame: pd.DataFrame, wanted: Sequence[Wanted]) -> Iterator[Line]:
    columns = {column.name: _values(path, frame[column.name], column) for column in wanted}
    for place in range(len(frame)):
        present = {name: values[place] for name, values in columns.items() if values[place] is not None}
        yield Line(place + 1, present)


def _values(path: Path, series: pd.Series, column: Wanted) -> list[Any]:
    """Return a column as a caller would send it, with None for missing."""
    values: list[Any] = []
    for text in as_text(series):
        try:
            values.append(column.read(text) if text else None)
        except ValueError as error:
            raise DataError(f"{path}: expected {error} in `{column.name}`. Received: {text!r}.") from error
    return values
