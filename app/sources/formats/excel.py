"""Excel: the first sheet of a workbook that holds rows, as pieces.

    workbook ─ calamine ─ sheet ─ rows ─ header ─> names, types of the columns ─> Piece

Needs python-calamine, the extra `excel`. A sheet is held in memory: it has at most a million rows.
It knows nothing about what a type means.
"""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from app.sources.chunks import ALL, Cut, Locator, Piece, Place, Seen, Wishes
from app.sources.delimited.cells import Row
from app.sources.delimited.header import find
from app.sources.errors import NoRows, SourceError
from app.sources.formats import opening
from app.sources.formats.parquet import places_of, rows_of
from app.sources.formats.values import Kinds, column, written
from app.sources.rules import Rules
from app.sources.words import MISSING, without_missing

EXPECTED = "an Excel workbook"
LARGEST_BYTES = 2**32  # of a workbook, unpacked
SAMPLE_ROWS = 1000  # in which the names are looked for
MISSING_EXTRA = 'expected python-calamine, which reads Excel workbooks: pip install "slipway[excel]"'


class ExcelTable:
    """One workbook."""

    is_text = True
    packed = True
    groups: Sequence[int] = ()

    def __init__(self, path: Path, name: str, wishes: Wishes, rules: Rules | None) -> None:
        self._path, self._name = path, name
        missing = tuple(dict.fromkeys((*(rules.missing if rules else ()), *wishes.missing)))
        self._missing = frozenset(MISSING | {word.strip() for word in missing})
        self.rules = Rules(format="excel", missing=missing)
        sheet, rows, self._remarks = self._sheet()
        head = find(name, rows[:SAMPLE_ROWS], max(len(row.cells) for row in rows), 0)
        self.names, self.unnamed = head.names, head.unnamed
        self._remarks += head.remarks
        self._rows = [(row.line, cells) for row, cells in zip(rows, sheet, strict=True)][head.end :]
        if not self._rows:
            raise NoRows(name, self.names)
        self.types = [self._type(place) for place in range(len(self.names))]

    @property
    def remarks(self) -> list[str]:
        """Return what was skipped or assumed."""
        return self._remarks

    def retype(self, types: Sequence[Any]) -> None:
        """Give the columns these types, which hold their cells and those of other files."""
        self.types = list(types)

    def pieces(self, seen: Seen, chunk_bytes: int, chunk_rows: int, cut: Cut = ALL) -> Iterator[Piece]:
        """Give the rows in order."""
        places = places_of(self.names, cut)
        for start in range(0, len(self._rows), chunk_rows):
            rows = self._rows[start : start + chunk_rows]
            columns = [self._column([cells[place] for _, cells in rows], self.types[place]) for place in places]
            yield Piece(rows_of(columns, [self.names[place] for place in places], len(rows)), [])
            seen(min(1.0, (start + chunk_rows) / len(self._rows)))

    def line_of(self, row: int) -> int:
        """Return the row of the sheet."""
        return self._rows[row - 1][0]

    def locator(self) -> Locator:
        """Return what finds rows: as rows of the sheet."""
        return self

    def find(self, good: Sequence[int], rows: Sequence[int]) -> tuple[dict[int, Place], dict[int, int]]:
        """Return where rows stand in the sheet."""
        return {row: Place(row, self.line_of(row)) for row in good}, {}

    def _type(self, place: int) -> Any:
        kinds = Kinds()
        kinds.add(cells[place] for _, cells in self._rows)
        return kinds.type

    def _column(self, cells: list[Any], kind: Any) -> Any:
        found = column(cells, kind)
        return without_missing(found, self._missing) if pa.types.is_string(kind) else found

    def _sheet(self) -> tuple[list[list[Any]], list[Row], list[str]]:
        """Return (cells of the rows that are not blank, the same as text, remarks)."""
        for number, (title, titles, found) in enumerate(self._sheets()):
            sheet = [(line, [self._known(cell) for cell in cells]) for line, cells in enumerate(found, 1)]
            sheet = [(line, cells) for line, cells in sheet if any(cell is not None for cell in cells)]
            if sheet:
                rows = [
                    Row(["" if cell is None else written(cell) for cell in cells], line, place)
                    for place, (line, cells) in enumerate(sheet, 1)
                ]
                others = f": the others are left out ({len(titles)} in all)" if len(titles) > 1 else ""
                remarks = [f"sheet {number + 1} is read, {title!r}{others}"] if others else []
                return [cells for _, cells in sheet], rows, remarks
        raise SourceError(f"{self._name}: expected rows. Received: a workbook whose sheets are empty.")

    def _known(self, cell: Any) -> Any:
        """Return a cell; None where it is empty or stands for missing; whole numbers without their point."""
        if isinstance(cell, str):
            return None if cell.strip() in self._missing else cell
        if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2.0**53:
            return int(cell)
        return cell

    def _sheets(self) -> Iterator[tuple[str, list[str], Any]]:
        """Give (name, all names, rows) of each sheet."""
        try:
            import python_calamine  # noqa: PLC0415 - an extra of its own
        except ImportError as error:
            raise SourceError(f"{self._name}: {MISSING_EXTRA}.") from error
        with opening.explained(self._name, EXPECTED):
            self._check_size()
            try:
                workbook = python_calamine.CalamineWorkbook.from_path(str(self._path))
                titles = workbook.sheet_names
                for title in titles:
                    yield title, titles, workbook.get_sheet_by_name(title).to_python(skip_empty_area=False)
            except python_calamine.CalamineError as error:
                raise ValueError(opening.reason(error)) from error
            except BaseException as error:
                if type(error).__name__ == "PanicException":  # Rust's; no Exception, and no name to import
                    raise ValueError("a damaged workbook") from error
                raise

    def _check_size(self) -> None:
        with zipfile.ZipFile(self._path) as archive:
            size = sum(each.file_size for each in archive.infolist())
        if size > LARGEST_BYTES:
            raise ValueError(f"one of {size >> 20:,} MB unpacked, more than {LARGEST_BYTES >> 20:,}. Export it as CSV")
