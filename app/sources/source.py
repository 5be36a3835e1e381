"""A source: one file, many of one form, or standard input, as chunks of raw columns.

    open_source ─ files ─ kind by content ─> Table of each ─ united ─> Source ─ batches ─> Chunk, Chunk, …
                                              the first one's rules, names and order hold for all

Cells of text files are text without surrounding white space, null where a word for missing stands; what does not fit
its table is a `Rejected` of its chunk. It knows nothing about what columns mean.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from app.sources import files
from app.sources.chunks import CHUNK_BYTES, CHUNK_ROWS, Chunk, Rejected, Seen, Table, Wishes
from app.sources.delimited.table import CsvTable
from app.sources.formats.excel import ExcelTable
from app.sources.formats.ipc import ArrowTable
from app.sources.formats.json_lines import JsonLinesTable
from app.sources.formats.parquet import ParquetTable
from app.sources.rules import Rules
from app.sources.several import check_kinds, unite

__all__ = ["Chunk", "Rejected", "Source", "Wishes", "line_of", "open_source"]

NO_WISHES = Wishes()


def open_source(path: Path, wishes: Wishes = NO_WISHES, rules: Rules | None = None) -> "Source":
    """Open a file, a folder, a pattern or `-` for standard input; raise a SourceError for what is no table.

    `rules` are those of an earlier file: its words for missing hold, and its delimiter and quote where they fit.
    """
    found = files.find(Path(path))
    kinds = [files.kind_of(file) for file in found.files]
    check_kinds(found.files, kinds)
    tables: list[Table] = []
    for file in found.files:
        tables.append(_table(file, kinds[0], wishes, tables[0].rules if tables else rules))
    unite(found.files, tables)
    return Source(found, tables)


def line_of(source: "Source", row: int) -> tuple[str, int]:
    """Return (file, line) of a good row by its number among all good rows, from 1, by a second look."""
    return source.line_of(row)


def _not_watched(_share: float) -> None:
    """Take how far a reading is, for nobody."""


class Source:
    """Files that are read in chunks, as often as wanted."""

    def __init__(self, found: files.Found, tables: list[Table]) -> None:
        self._found, self._tables = found, tables
        first = tables[0]
        self.files = tuple(Path(files.STDIN) if found.spool else file.path for file in found.files)
        self.names = tuple(first.names)
        self.unnamed = frozenset(first.unnamed)
        self.rules: Rules = first.rules
        self.is_text = first.is_text
        self.packed = any(table.packed for table in tables)
        self.size_bytes = sum(file.path.stat().st_size for file in found.files)
        self._good_rows = [0] * len(tables)  # of each file, as far as it was read

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what was skipped or assumed; complete after a first full reading."""
        if len(self._tables) == 1:
            return (*self._found.remarks, *self._tables[0].remarks)
        each = [(file.path.name, table.remarks) for file, table in zip(self._found.files, self._tables, strict=True)]
        return (*self._found.remarks, *(f"{name}: {remark}" for name, remarks in each for remark in remarks))

    def batches(
        self, seen: Seen = _not_watched, chunk_bytes: int = CHUNK_BYTES, chunk_rows: int = CHUNK_ROWS
    ) -> Iterator[Chunk]:
        """Give all rows in order; raise a SourceError where they cannot be read."""
        row = 1
        for number, table in enumerate(self._tables):
            first = row
            for piece in table.pieces(self._share(seen, number), chunk_bytes, chunk_rows):
                yield Chunk(_in_order(piece.columns, self.names), row, piece.rejected)
                row += piece.columns.num_rows
                self._good_rows[number] = row - first

    def _share(self, seen: Seen, number: int) -> Seen:
        """Return what takes a share of one file and gives that of all."""
        count = len(self._tables)
        return lambda share: seen((number + share) / count)

    def line_of(self, row: int) -> tuple[str, int]:
        """Return (file, line) of a good row."""
        for number, rows in enumerate(self._good_rows):
            if row <= rows or number == len(self._tables) - 1:
                return self._found.files[number].name, self._tables[number].line_of(row)
            row -= rows
        raise ValueError(f"expected a row from 1. Received: {row}.")


def _in_order(columns: pa.RecordBatch, names: tuple[str, ...]) -> pa.RecordBatch:
    return columns if tuple(columns.schema.names) == names else columns.select(list(names))


def _table(file: files.File, kind: str, wishes: Wishes, rules: Rules | None) -> Table:
    if kind == "parquet":
        return ParquetTable(file.path, file.name)
    if kind == "arrow":
        return ArrowTable(file.path, file.name)
    if kind == "jsonl":
        return JsonLinesTable(file.path, file.name)
    if kind == "excel":
        return ExcelTable(file.path, file.name, wishes, rules)
    return CsvTable(file.path, file.name, wishes, rules)
