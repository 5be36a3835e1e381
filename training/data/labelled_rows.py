"""Labelled: a file with the target, opened to be judged by: what stands in it beyond what is scored.

    file ─ app.sources ─> chunks ─ with_parts ─> columns that the model takes
                                 ─ weights, units ─> how much each row counts, and which were drawn together

A bundle of format 1 has the parts of a date as features: for it, a date column is taken apart.
It knows nothing about graphs or metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.answers.registry import answer_of
from app.bundle.manifest import Manifest
from app.features.feature_set import FeatureSet
from app.sources.cells import USUAL, CellFault, Distinct, Wanted, plain, read_once, texts
from app.sources.rules import ColumnRule, Rules
from app.sources.source import Source, Wishes, open_source
from training.data.ways.further import unit_column, units_of
from training.errors import DataError, told
from training.features.date_parts import parts as parts_of
from training.features.date_parts import parts_in


@dataclass(frozen=True)
class Reading:
    """An open file with the target; read it once."""

    source: Source
    rules: Mapping[str, ColumnRule]
    dated: Mapping[str, Sequence[str]]  # date column of the file -> the features that are its parts
    weight_column: Wanted | None  # by which rows count, where training named one and the file has it
    unit_column: Wanted | None  # by which they are drawn together, likewise
    split: Mapping[str, Any]  # how training divided rows

    def with_parts(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Put the parts of dates, which are features, beside the columns of some rows."""
        for name, parts in self.dated.items():
            found = parts_of(name, texts(plain(batch, name), self._rule(name)))
            for part in parts:
                batch = batch.append_column(part, pa.array(np.array(found[part]), from_pandas=True))
        return batch

    def weights(self, batch: pa.RecordBatch) -> Distinct:
        """Return how much rows count."""
        if self.weight_column is None:
            return Distinct([1.0], np.zeros(batch.num_rows, np.int64))
        return self._read(batch, self.weight_column)

    def units(self, batch: pa.RecordBatch) -> Distinct:
        """Return with what rows were drawn, as text; None: nobody knows."""
        if self.unit_column is None:
            return Distinct([None], np.zeros(batch.num_rows, np.int64))
        found = self._read(batch, self.unit_column)
        words = [None if value is None or isinstance(value, CellFault) else str(value) for value in found.values]
        return Distinct(words, found.of_row)

    def numbered(self, units: Sequence[str | None]) -> NDArray[np.int64] | None:
        """Return which rows were drawn together, by what stands in their column: (rows,); None: none were."""
        return None if self.unit_column is None else units_of(self.split, units)

    def _read(self, batch: pa.RecordBatch, column: Wanted) -> Distinct:
        return read_once(plain(batch, column.name), column, self._rule(column.name))

    def _rule(self, name: str) -> ColumnRule:
        return self.rules.get(name, USUAL)


def open_examples(path: Path, manifest: Manifest, encoding: str | None = None) -> Reading:
    """Read the header; raise a DataError when the target lacks."""
    with told():
        source = open_source(path, Wishes(encoding=encoding), manifest.reading)
        features = FeatureSet(manifest.features)
        others = [name for name in source.names if name not in features.names]
        if not answer_of(manifest.answer).truth_readers(manifest.target, others):
            received = ", ".join(source.names)
            raise DataError(f"{path}: expected the target {manifest.target!r} to judge by. Received: {received}.")
        weights, units = manifest.training.get("weights"), unit_column_of(manifest)
        read_unit = features.text_reader(units) if units in features.names else str
        return Reading(
            source=source,
            rules=(manifest.reading or Rules()).columns,
            dated=_dated(source.names, features.names),
            weight_column=Wanted(weights, optional=False, read=_weight) if weights in source.names else None,
            unit_column=Wanted(units, optional=True, read=read_unit) if units in source.names else None,
            split=manifest.training.get("split", {}),
        )


def unit_column_of(manifest: Manifest) -> str | None:
    """Return the column by which the rows of the training were drawn together; None: by none."""
    return unit_column(manifest.training.get("split", {}))


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
