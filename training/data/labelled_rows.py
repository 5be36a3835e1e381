"""Labelled: a file with the target -> instances as callers send them, each with its true value, or why not.

    CSV     ─ app.sources.csv_reader ─┐
    Parquet ─ pandas ───────┴> lines ─ a date becomes its parts ─> Example, refused, or without a target

A cell is read as the service's own tools read it, and a date column is taken apart as in training.
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

from app.bundle.reader import Feature, Manifest
from app.sources.csv_reader import Line, Table, open_table
from training.columns.values import as_text, convert
from training.data.load import PARQUET, UTF_8, check_encoding, explained, load, read_header
from training.errors import DataError
from training.features import dates

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
    """Read the header.

    Raises:
        DataError: of training or of the service's own reader, when a column that the model needs, or the target, lacks.
    """
    if not path.is_file():
        raise DataError(f"`DATA`: expected a CSV or Parquet file. Received: {path}, which is not a file.")
    if path.suffix.lower() in PARQUET:
        frame = load(path)
        _check_target(path, list(frame.columns), manifest.target)
        frame = dates.expand(frame, leave=[manifest.target])
        return Reading(_table(path, frame, (*manifest.features, _target(manifest))), manifest.target, {})
    encoding = check_encoding(encoding)
    with explained(path, encoding):
        names, _ = read_header(path, encoding)
    _check_target(path, names, manifest.target)
    dated = _dated(names, manifest.features)
    parts = {part for found in dated.values() for part in found}
    wanted = [feature for feature in manifest.features if feature.name not in parts]
    sources = [_feature(name, "string") for name in dated]
    table = open_table(stack, path, [*wanted, *sources, _target(manifest)], encoding)
    return Reading(table, manifest.target, dated)


def _check_target(path: Path, names: Sequence[str], target: str) -> None:
    if target not in names:
        raise DataError(f"{path}: expected the target {target!r} to judge by. Received: {', '.join(names)}.")


def _target(manifest: Manifest) -> Feature:
    return _feature(manifest.target, "number" if manifest.labels is None else "string")


def _feature(name: str, type_: Any) -> Feature:
    return Feature(name=name, type=type_, tensor="", column=0, optional=True, missing_share=0.0)


def _dated(names: Sequence[str], features: Sequence[Feature]) -> dict[str, list[str]]:
    """Find the columns of the file whose parts are features that the file does not have."""
    lacking = {feature.name for feature in features} - set(names)
    found = {name: dates.parts_in(lacking, name) for name in names}
    return {name: parts for name, parts in found.items() if parts}


def _put_parts(lines: Sequence[Line], dated: dict[str, list[str]]) -> None:
    """Put the parts of dates in the place of the dates."""
    instances = [line.instance for line in lines if line.instance is not None]
    for name, parts in dated.items():
        written = pd.Series([instance.pop(name, None) for instance in instances], name=name, dtype="str")
        values = dates.parts(written)
        for part in parts:
            for instance, value in zip(instances, values[part].tolist(), strict=True):
                if np.isfinite(value):
                    instance[part] = value


def _table(path: Path, frame: pd.DataFrame, features: Sequence[Feature]) -> Table:
    """Give a table of Parquet the form of the service's own reader."""
    absent = tuple(feature.name for feature in features if feature.name not in frame.columns)
    required = [feature.name for feature in features if feature.name in absent and not feature.optional]
    if required:
        raise DataError(f"{path}: expected the column(s) {', '.join(required)}. Received: {', '.join(frame.columns)}.")
    return Table(absent, lambda: 0.0, lambda: _lines(path, frame, [f for f in features if f.name not in absent]))


def _lines(path: Path, frame: pd.DataFrame, features: Sequence[Feature]) -> Iterator[Line]:
    columns = {feature.name: _values(path, frame[feature.name], feature) for feature in features}
    for place in range(len(frame)):
        present = {name: values[place] for name, values in columns.items() if values[place] is not None}
        yield Line(place + 1, present)


def _values(path: Path, series: pd.Series, feature: Feature) -> list[Any]:
    """Return a column as a caller would send it, with None for missing."""
    if feature.type == "string":
        return [text or None for text in as_text(series)]
    try:
        numbers = convert(series, feature.type)
    except (ValueError, TypeError, KeyError) as error:
        expected = f"expected {feature.type}s in `{feature.name}`"
        raise DataError(f"{path}: {expected}. Received: {series.dropna().iloc[0]!r}.") from error
    made = bool if feature.type == "boolean" else float
    return [None if np.isnan(value) else made(value) for value in numbers]
