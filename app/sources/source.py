"""A source: one file, many of one form, or standard input, as chunks of raw columns.

    open_source ─ files ─ kind by content ─> Table of each ─> Source ─ batches ─> Chunk, Chunk, …
                                               └ the first one's rules and names hold for all

Cells of text files are text without surrounding white space, null where a word for missing stands; what does not fit
its table is a `Rejected` of its chunk. It knows nothing about what columns mean.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from app.sources.chunks import CHUNK_BYTES, CHUNK_ROWS, Chunk, Rejected, Seen, Table, Wishes
from app.sources.delimited.table import CsvTable
from app.sources.errors import SourceError
from app.sources.formats import kinds, opening
from app.sources.formats.parquet import ParquetTable
from app.sources.rules import Rules

__all__ = ["Chunk", "Rejected", "Source", "Wishes", "line_of", "open_source"]

NO_WISHES = Wishes()


def open_source(path: Path, wishes: Wishes = NO_WISHES, rules: Rules | None = None) -> "Source":
    """Open a file, a folder, a pattern or `-` for standard input; raise a SourceError for what is no table.

    `rules` are those of an earlier file: its words for missing hold, and its delimiter and quote where they fit.
    """
    path = Path(path)
    if not path.is_file():
        raise SourceError(f"`DATA`: expected a CSV or Parquet file. Received: {path}, which is not a file.")
    return Source((path,), [_table(path, str(path), wishes, rules)])


def line_of(source: "Source", row: int) -> tuple[str, int]:
    """Return (file, line) of a good row by its number among all good rows, from 1, by a second look."""
    return source.line_of(row)


def _not_watched(_share: float) -> None:
    """Take how far a reading is, for nobody."""


class Source:
    """Files that are read in chunks, as often as wanted."""

    def __init__(self, files: tuple[Path, ...], tables: list[Table]) -> None:
        self.files = files
        self._tables = tables
        first = tables[0]
        self.names = tuple(first.names)
        self.unnamed = frozenset(first.unnamed)
        self.rules: Rules = first.rules
        self.is_text = first.is_text
        self.packed = any(table.packed for table in tables)
        self.size_bytes = sum(file.stat().st_size for file in files)
        self._good_rows = [0] * len(tables)  # of each file, as far as it was read

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what was skipped or assumed; complete after a first full reading."""
        return tuple(dict.fromkeys(remark for table in self._tables for remark in table.remarks))

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
                return str(self.files[number]), self._tables[number].line_of(row)
            row -= rows
        raise ValueError(f"expected a row from 1. Received: {row}.")


def _in_order(columns: pa.RecordBatch, names: tuple[str, ...]) -> pa.RecordBatch:
    return columns if tuple(columns.schema.names) == names else columns.select(list(names))


def _table(path: Path, name: str, wishes: Wishes, rules: Rules | None) -> Table:
    with opening.explained(name, "a file that can be read"):
        kind = kinds.kind_of(opening.magic(path))
    if kind == "parquet":
        return ParquetTable(path, name)
    return CsvTable(path, name, wishes, rules)
