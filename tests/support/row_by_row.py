"""Rows of a file one by one, as instances that `/predict` would take, or why a row would be refused.

    open_table(path, wanted, reading)   ─> Table; refused when a column is missing
    Table.lines()                       ─> Line: an instance, or a fault

It is the slow road of `app.sources.cells` alone, against which the quick one of `app.scoring` is held.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from app.sources.cells import USUAL, CellFault, Wanted, instance_of, texts
from app.sources.errors import SourceError
from app.sources.rules import Rules
from app.sources.source import Chunk, Source, open_source


@dataclass(frozen=True)
class Line:
    """One row: its instance, or what is wrong with it."""

    row: int  # from 1, over all files
    instance: dict[str, Any] | None
    fault: str = ""  # without the place, which `Table.place` finds


@dataclass
class Table:
    """An open file; read it once."""

    source: Source
    wanted: Sequence[Wanted]
    rules: Rules
    read_share: float = 0.0  # of the file

    @property
    def absent(self) -> tuple[str, ...]:
        """Optional columns that the file lacks: missing in every row."""
        return tuple([column.name for column in self.wanted if column.name not in self.source.names])

    def lines(self) -> Iterator[Line]:
        """Give what became of each row; rows that the file does not hold as such come before those of their chunk."""
        there = [column for column in self.wanted if column.name in self.source.names]
        for chunk in self.source.batches(self._seen):
            for bad in chunk.rejected:
                yield Line(bad.row, None, f"line {bad.line or '?'}: {bad.reason}")
            columns = [
                (column, texts(_column(chunk, self.source, column.name), self.rules.columns.get(column.name, USUAL)))
                for column in there
            ]
            yield from _lines(chunk.first_row, columns)

    def place(self, line: Line) -> str:
        """Say where a row stands, and what is wrong with it."""
        if line.fault.startswith("line "):
            return line.fault
        return f"{self.source.where(line.row)}{line.fault}"

    def _seen(self, share: float) -> None:
        self.read_share = share


def open_table(data: Path | Source, wanted: Sequence[Wanted], reading: Rules | None = None) -> Table:
    """Read the header of a file, or take one that is open, and see that it has what is wanted; raises `SourceError`."""
    source = data if isinstance(data, Source) else open_source(data, rules=reading)
    names = source.names
    required = [column.name for column in wanted if column.name not in names and not column.optional]
    if required:
        hint = f"Received the columns {', '.join(names)}."[:400]
        raise SourceError(
            f"{source.files[0]}: expected the column(s) {', '.join(required)}, which the model needs. {hint}"
        )
    return Table(source, wanted, reading or Rules())


def _column(chunk: Chunk, source: Source, name: str) -> pa.Array:
    return chunk.columns.column(source.names.index(name))


def _lines(first: int, columns: Sequence[tuple[Wanted, list[str | None]]]) -> Iterator[Line]:
    rows = len(columns[0][1]) if columns else 0
    for place in range(rows):
        yield _line(first + place, [(column, its[place]) for column, its in columns])


def _line(row: int, cells: Sequence[tuple[Wanted, str | None]]) -> Line:
    try:
        return Line(row, instance_of(cells))
    except CellFault as fault:
        return Line(row, None, f", {fault}")
