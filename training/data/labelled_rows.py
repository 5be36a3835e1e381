"""Labelled: a file with the target -> instances as callers send them, each with its true value, or why not.

    file ─ app.sources.table ─> lines ─> Example, refused, or without a target

A cell is read as the service's own tools read it, by the rules that the manifest keeps. A bundle of format 1 has the
parts of a date as features: for it, a date column is taken apart.
It knows nothing about graphs or metrics.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.answers.base import AnswerType
from app.answers.registry import answer_of
from app.bundle.manifest import Manifest
from app.features.feature_set import FeatureSet
from app.sources.source import Wishes, open_source
from app.sources.table import Line, Table, Wanted, open_table
from training.data.ways.further import unit_column, units_of
from training.errors import DataError, told
from training.features.date_parts import parts as parts_of
from training.features.date_parts import parts_in

CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Example:
    """One row: what a caller would send, and what was true."""

    line: Line
    instance: dict[str, Any]
    truth: Any  # as the answer's type reads it: a label, a number, a list
    weight: float = 1.0  # how much it counts
    unit: str | None = None  # what it was drawn with


@dataclass(frozen=True)
class Reading:
    """An open file of examples; read it once."""

    table: Table
    answer: AnswerType
    truths: tuple[str, ...]  # the columns of the target
    dated: dict[str, list[str]]  # date column of the file -> the features that are its parts
    weights: str | None = None  # the column by which rows count, where training named one and the file has it
    split: Mapping[str, Any] = field(default_factory=dict)  # how training divided rows
    units: str | None = None  # the column by which they are drawn together, likewise
    unit_is_feature: bool = False

    def chunks(self) -> Iterator[list[Line | Example]]:
        """Yield what became of the rows: an example, or the row without one."""
        lines = self.table.lines()
        while some := list(islice(lines, CHUNK_ROWS)):
            _put_parts(some, self.dated)
            yield [self._example(line) for line in some]

    def _example(self, line: Line) -> Line | Example:
        """An example, or the row, whose fault is empty where only the target is missing."""
        instance = dict(line.instance or {})
        truth = self.answer.truth_of_row({name: instance.pop(name, None) for name in self.truths})
        weight = 1.0 if self.weights is None else instance.pop(self.weights, 1.0)
        unit = self._unit(instance)
        if line.instance is None or truth is None:
            return line
        return Example(line, instance, truth, weight, unit)

    def numbered(self, units: Sequence[str | None]) -> NDArray[np.int64] | None:
        """Return which rows were drawn together, by what stands in their column: (rows,); None: none were."""
        return None if self.units is None else units_of(self.split, units)

    def _unit(self, instance: dict[str, Any]) -> str | None:
        if self.units is None:
            return None
        value = instance.get(self.units) if self.unit_is_feature else instance.pop(self.units, None)
        return None if value is None else str(value)


def open_examples(path: Path, manifest: Manifest, encoding: str | None = None) -> Reading:
    """Read the header; raise a DataError when a column that the model needs, or the target, lacks."""
    with told():
        source = open_source(path, Wishes(encoding=encoding), manifest.reading)
        answer, features = answer_of(manifest.answer), FeatureSet(manifest.features)
        readers = answer.truth_readers(manifest.target, [name for name in source.names if name not in features.names])
        if not readers:
            received = ", ".join(source.names)
            raise DataError(f"{path}: expected the target {manifest.target!r} to judge by. Received: {received}.")
        wanted, dated = _wanted(source.names, features)
        wanted += [Wanted(name, optional=True, read=read) for name, read in readers.items()]
        weights = next((name for name in source.names if name == manifest.training.get("weights")), None)
        if weights is not None:
            wanted.append(Wanted(weights, optional=False, read=_weight))
        split = manifest.training.get("split", {})
        units = next((name for name in source.names if name == unit_column_of(manifest)), None)
        is_feature = units in features.names
        if units is not None and not is_feature:
            wanted.append(Wanted(units, optional=True, read=str))
        table = open_table(source, wanted, manifest.reading)
        return Reading(table, answer, tuple(readers), dated, weights, split, units, is_feature)


def unit_column_of(manifest: Manifest) -> str | None:
    """Return the column by which the rows of the training were drawn together; None: by none."""
    return unit_column(manifest.training.get("split", {}))


def _wanted(names: Sequence[str], features: FeatureSet) -> tuple[list[Wanted], dict[str, list[str]]]:
    """Return the columns to read, and the features that are parts of dates, as of bundle format 1."""
    dated = _dated(names, features.names)
    parts = {part for found in dated.values() for part in found}
    own = (each for each in features.features if each.name not in parts)
    wanted = [Wanted(each.name, each.optional, features.text_reader(each.name)) for each in own]
    dates = [Wanted(name, optional=True, read=str) for name in dated]
    return [*wanted, *dates], dated


def _weight(written: str) -> float:
    try:
        found = float(written)
    except ValueError:
        found = np.nan
    if not 0 <= found < np.inf:
        raise ValueError("a weight of zero or more")
    return found


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
