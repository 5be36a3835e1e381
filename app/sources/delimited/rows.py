"""Rows of another width: repaired where that loses nothing, blank ones left out, the others rejected.

    pyarrow ─ receive(row) ─┬ only blanks, Ctrl-Z      ─> left out, Ctrl-Z said
                            ├ more cells, all empty    ─> cut, said
                            ├ only nameless cells lack ─> filled, said
                            └ else                     ─> Rejected
    batch of good rows ─ placed ─> the same with repaired rows in their places

It knows nothing about files and letters.
"""

from collections import deque
from typing import Any, NamedTuple

import pyarrow as pa

from app.sources.chunks import CONTENT_CHARS, MAX_REJECTED, SHOWN_CHARS, Rejected
from app.sources.delimited.cells import rows_of
from app.sources.delimited.form import Form
from app.sources.errors import SourceError


class Placed(NamedTuple):
    """Good rows in order, and those that were rejected among them."""

    columns: Any  # pa.RecordBatch
    rejected: list[Rejected]


class _Odd(NamedTuple):
    """A row of another width: its number among all rows, and what becomes of it."""

    number: int
    cells: list[str] | None  # repaired
    rejected: Rejected | None


class OddRows:
    """The rows of one reading that have more or fewer cells than names."""

    def __init__(self, name: str, form: Form) -> None:
        self._name, self._form = name, form
        self._waiting: deque[_Odd] = deque()
        self._next = 1  # number of the next row, good or not
        self._newest = 0  # number of the last row that came
        self._cut = self._filled = self._ends = 0
        self._bad = 0
        self._too_many: Rejected | None = None

    @property
    def remarks(self) -> list[str]:
        """Say what was repaired or left out."""
        said = []
        if self._ends:
            said.append("a Ctrl-Z, the old mark of a file's end, is left out")
        if self._cut:
            which = "1 line ends" if self._cut == 1 else f"{self._cut:,} lines end"
            said.append(f"{which} in more delimiters than the names: the empty last cells are left out")
        if self._filled:
            which = "1 line lacks" if self._filled == 1 else f"{self._filled:,} lines lack"
            said.append(f"{which} the last cells, which have no names: they are missing")
        return said

    def receive(self, row: Any) -> str:
        """Take a row of pyarrow's; whatever happens, it goes on."""
        if row.number > self._newest:
            self._newest = row.number
            self._sort(row.number, row.text)
        return "skip"

    def placed(self, batch: Any) -> Any:
        """Return a batch with the repaired rows in their places, and the rejected; None: what is left at the end."""
        if self._too_many is not None:
            raise SourceError(
                f"{self._name}: expected {self._too_many.reason} in row {self._too_many.row:,}, as {self._bad:,} rows "
                f"up to it: is it one table? It begins: {self._too_many.content[:SHOWN_CHARS]!r}."
            )
        rows = 0 if batch is None else batch.num_rows
        if batch is None and not self._waiting:
            return None
        places, mended, rejected = self._merged(rows)
        columns = self._empty() if batch is None else batch
        if mended:
            columns = _joined(columns, mended, places)
        return Placed(columns, rejected)

    def _merged(self, rows: int) -> tuple[list[Any], list[list[str]], list[Rejected]]:
        """Return (where repaired rows stand among the good, those rows, the rejected) of so many good rows."""
        done, places, mended, rejected = 0, [], [], []
        while self._waiting and self._waiting[0].number - self._next <= rows - done:
            odd = self._waiting.popleft()
            done += odd.number - self._next
            self._next = odd.number + 1
            if odd.cells is not None:
                places.append(done)
                mended.append(odd.cells)
            if odd.rejected is not None:
                odd.rejected.place = done + len(mended)
                rejected.append(odd.rejected)
        self._next += rows - done
        return places, mended, rejected

    def _sort(self, number: int, text: str) -> None:
        if not text.strip(" \t\r\n\x1a"):
            self._ends += "\x1a" in text
            self._waiting.append(_Odd(number, None, None))
        elif self._too_many is None:
            cells = next((row.cells for row in rows_of(text, self._form.dialect, 1)), [])
            fitted = repaired(cells, self._form)
            if fitted is None:
                self._reject(number, cells, text)
            else:
                self._cut += len(fitted) < len(cells)
                self._filled += len(fitted) > len(cells)
                self._waiting.append(_Odd(number, fitted, None))

    def _reject(self, number: int, cells: list[str], text: str) -> None:
        reason = f"{count(len(self._form.names))}, as in the header. Received: {len(cells)}"
        rejected = Rejected(self._name, number, None, reason, text[:CONTENT_CHARS])
        self._waiting.append(_Odd(number, None, rejected))
        self._bad += 1
        if self._bad > max(MAX_REJECTED, number / 2):  # whatever the size of a chunk
            self._too_many = rejected

    def _empty(self) -> Any:
        names = self._form.names
        return pa.RecordBatch.from_arrays([pa.array([], pa.string())] * len(names), names)


def count(cells: int) -> str:
    """Write a number of cells."""
    return "1 cell" if cells == 1 else f"{cells:,} cells"


def repaired(cells: list[str], form: Form) -> list[str] | None:
    """Return the cells of a row that has empty ones too many, or lacks nameless ones; None where it does not fit."""
    width = len(form.names)
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    if len(cells) < width and all(name in form.unnamed for name in form.names[len(cells) :]):
        return cells + [""] * (width - len(cells))
    return cells if len(cells) == width else None


def _joined(columns: Any, mended: list[list[str]], places: list[int]) -> Any:
    """Return good rows with the repaired ones at their places among them."""
    added = pa.RecordBatch.from_arrays(
        [pa.array(cells, pa.string()) for cells in zip(*mended, strict=True)], columns.schema.names
    )
    order: list[int] = []
    start = 0
    for number, place in enumerate(places):
        order += [*range(start, place), columns.num_rows + number]
        start = place
    order += range(start, columns.num_rows)
    return pa.Table.from_batches([columns, added]).take(pa.array(order)).combine_chunks().to_batches()[0]
