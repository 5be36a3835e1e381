"""Columns: Arrow columns of a file -> the tensors of the graph, or why a row has none.

    columns ─ by the rules of the manifest ─ FeatureSet.from_arrow ─┬─> tensors of most rows, at once
                                                                    └─> rows that it cannot read
    those ─ cell by cell, as a request's values ─┬─> tensors
                                                 └─> RowFault, in the words of the service

The quick road may leave any row to the exact one, which alone says what is wrong; both give the same values.
It knows no type, and nothing about answers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.errors import InvalidInput, path_text
from app.features.row_reader import RowReader
from app.features.rows import Rows
from app.sources import cells
from app.sources.cells import CellFault, Wanted, plain
from app.sources.errors import SourceError
from app.sources.rules import Rules
from app.tensors import Array

EXACT_ROWS = 1024  # that are read cell by cell at once: each is a dictionary of values

Places = NDArray[np.int64]


@dataclass(frozen=True)
class RowFault:
    """Why a row is not answered."""

    place: int  # in its batch, from 0
    reason: str  # which column, what was expected, what was received

    @property
    def said(self) -> str:
        """The row, from 1, and the reason."""
        return f"row {self.place + 1:,}: {self.reason}"

    @property
    def column(self) -> bool:
        """Whether it is about one column, rather than the answer."""
        return self.reason.startswith("`")

    def at(self, where: str) -> str:
        """Say where it is, and why."""
        return f"{where}{', ' if self.column else ': '}{self.reason}"


@dataclass(frozen=True)
class Group:
    """Rows of a batch that are run together."""

    places: Places  # (rows,) ascending
    arrays: dict[str, Array]  # the graph's tensors, (rows, …) each
    columns: dict[str, pa.Array] | None = None  # of which they were made at once

    def part(self, rows: Array) -> "Group":
        """Return some of the rows, by their place among these."""
        arrays = {name: array[rows] for name, array in self.arrays.items()}
        kept = pa.array(rows)
        columns = self.columns and {name: column.take(kept) for name, column in self.columns.items()}
        return Group(self.places[rows], arrays, columns)


class Columns:
    """What a table must hold, and how it is read."""

    def __init__(self, reader: RowReader, rules: Rules | None) -> None:
        self._reader, self.features = reader, reader.features
        self._rules = {} if rules is None else rules.columns
        features = self.features.features
        self.wanted = [Wanted(each.name, each.optional, self.features.text_reader(each.name)) for each in features]
        self.names = tuple([each.name for each in features])
        self.encoded = frozenset([name for name in self.names if self.features.type_of(name).encoded])

    def check(self, schema: pa.Schema, where: str) -> None:
        """Raise `SourceError` where a column that the model needs is not there, or no value of it could be read."""
        lacking = [column.name for column in self.wanted if not column.optional and column.name not in schema.names]
        if lacking:
            hint = f"Received the columns {', '.join(schema.names)}."[:400]
            raise SourceError(f"{where}: expected the column(s) {', '.join(lacking)}, which the model needs. {hint}")
        for feature in self.features.features:
            if schema.names.count(feature.name) > 1:
                raise SourceError(f"{where}: expected one column `{feature.name}`. Received: several.")
            at = schema.get_field_index(feature.name)
            if at >= 0 and not self.features.type_of(feature.name).holds(feature, schema.field(at).type):
                expected = f"`{feature.name}` of a type that holds a {feature.type}"
                raise SourceError(f"{where}: expected {expected}. Received: {schema.field(at).type}.")

    def absent(self, schema: pa.Schema) -> tuple[str, ...]:
        """Return the features without a column, which are missing in every row."""
        return tuple([name for name in self.names if name not in schema.names])

    def read(self, batch: pa.RecordBatch) -> tuple[list[Group], list[RowFault]]:
        """Read the rows of a batch; what else it holds is not looked at."""
        if not batch.num_rows:
            return [], []
        raw = {name: plain(batch, name) for name in self.names}
        group, unread = self._at_once(raw, batch.num_rows)
        if not unread.any():
            return [group], []
        read = np.flatnonzero(~unread)
        groups = [group.part(read)] if len(read) else []
        faults: list[RowFault] = []
        for some in _parts(np.flatnonzero(unread)):
            group = self._exactly(raw, some, faults)
            groups += [group] if len(group.places) else []
        return groups, faults

    def _at_once(self, raw: dict[str, pa.Array], rows: int) -> tuple[Group, NDArray[np.bool_]]:
        columns, unfit = {}, np.zeros(rows, bool)
        for name, column in raw.items():
            columns[name], wrong = cells.by_rule(column, self._rules.get(name, cells.USUAL))
            if wrong is not None:
                unfit |= wrong.to_numpy(zero_copy_only=False)
            if name in self.encoded and pa.types.is_string(columns[name].type):
                columns[name] = columns[name].dictionary_encode()
        arrays, unread = self.features.from_arrow(columns, rows)
        return Group(np.arange(rows), arrays, columns), unread | unfit

    def _exactly(self, raw: dict[str, pa.Array], places: Places, faults: list[RowFault]) -> Group:
        """Read rows as the service reads those of a request, one by one, and add what is wrong with the others."""
        rows: list[Rows] = []
        good: list[int] = []
        for place, row in zip(places.tolist(), self._cells(raw, places), strict=True):
            try:
                rows.append(self._reader.row(cells.instance_of(row)))
                good.append(place)
            except CellFault as fault:
                faults.append(RowFault(place, str(fault)))
            except InvalidInput as fault:
                told = f"`{path_text(fault.path)}`: expected {fault.expected}. Received: {fault.received}."
                faults.append(RowFault(place, told))
        return Group(np.array(good, np.int64), Rows.join(rows).arrays() if rows else {})

    def _cells(self, raw: dict[str, pa.Array], places: Places) -> Iterator[Sequence[tuple[Wanted, str | None]]]:
        columns = []
        for column in self.wanted:
            some = raw[column.name].take(pa.array(places))
            columns.append(cells.texts(some, self._rules.get(column.name, cells.USUAL)))
        return (list(zip(self.wanted, row, strict=True)) for row in zip(*columns, strict=True))


def _parts(places: Places) -> Iterator[Places]:
    return (places[start : start + EXACT_ROWS] for start in range(0, len(places), EXACT_ROWS))
