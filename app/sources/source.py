"""A source: one file, many of one form, or standard input, as chunks of raw columns.

    open_source ─ files ─ kind by content ─> Table of each ─ united ─> Source ─ batches ─> Chunk, Chunk, …
                                              the first one's rules, names and order hold for all
    Source.form ─ open_one ─> Source of one file, or of some of its row groups (Cut), read as beside the others

Cells of text files are text without surrounding white space, null where a word for missing stands; what does not fit
its table is a `Rejected` of its chunk. It knows nothing about what columns mean.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.ipc

from app.sources import files
from app.sources.chunks import ALL, CHUNK_BYTES, CHUNK_ROWS, Chunk, Cut, Locator, Rejected, Seen, Table, Wishes
from app.sources.delimited.table import CsvTable
from app.sources.formats import opening
from app.sources.formats.excel import ExcelTable
from app.sources.formats.ipc import ArrowTable
from app.sources.formats.json_lines import JsonLinesTable
from app.sources.formats.parquet import ParquetTable
from app.sources.rules import Rules
from app.sources.several import check_kinds, unite, unite_with
from app.sources.without_rows import with_rows, without_nothing

__all__ = [
    "Chunk",
    "Cut",
    "Form",
    "Locator",
    "Rejected",
    "Source",
    "Wishes",
    "line_of",
    "open_found",
    "open_one",
    "open_source",
]

NO_WISHES = Wishes()


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What all files of a source have in common: with it, one of them is read by itself as beside the others."""

    kind: str
    names: tuple[str, ...]
    types: bytes  # of the columns: an Arrow schema, serialized
    rules: Rules

    @property
    def schema(self) -> pa.Schema:
        return pa.ipc.read_schema(pa.py_buffer(self.types))


def open_source(path: Path, wishes: Wishes = NO_WISHES, rules: Rules | None = None) -> "Source":
    """Open a file, a folder, a pattern or `-` for standard input; raise a SourceError for what is no table.

    `rules` are those of an earlier file: its words for missing hold, and its delimiter and quote where they fit.
    """
    return open_found(files.find(Path(path)), wishes, rules)


def open_found(found: files.Found, wishes: Wishes = NO_WISHES, rules: Rules | None = None) -> "Source":
    """Open files that were found before; those without rows are left out where others have some."""
    found = without_nothing(found)
    kinds = [files.kind_of(file) for file in found.files]
    check_kinds(found.files, kinds)
    found, tables = with_rows(found, lambda file, rules: _table(file, kinds[0], wishes, rules), rules)
    unite(found.files, tables)
    return Source(found, tables, kinds[0])


def open_one(path: Path, name: str, form: Form) -> "Source":
    """Open one file of a source whose form is known, as a source of its own; `name` is what messages call it."""
    file, schema = files.File(path, name), form.schema
    with opening.explained(name, "a file that can be read"):
        kind = files.kind_of(file)
    check_kinds([files.File(path, form.kind), file], [form.kind, kind])
    table = _table(file, kind, NO_WISHES, form.rules, schema)
    unite_with(file, table, schema)
    return Source(files.Found([file], []), [table], kind, form.names)


def line_of(source: "Source", row: int) -> tuple[str, int]:
    """Return (file, line) of a good row by its number among all good rows, from 1, by a second look."""
    return source.line_of(row)


def _not_watched(_share: float) -> None:
    """Take how far a reading is, for nobody."""


class Source:
    """Files that are read in chunks, as often as wanted."""

    def __init__(
        self, found: files.Found, tables: list[Table], kind: str, names: tuple[str, ...] | None = None
    ) -> None:
        self._found, self._tables, self.kind = found, tables, kind
        first = tables[0]
        self.files = tuple(Path(files.STDIN) if found.spool else file.path for file in found.files)
        self.names = names or tuple(first.names)
        self.unnamed = frozenset(first.unnamed)
        self.rules: Rules = first.rules
        self.is_text = first.is_text
        self.packed = any(table.packed for table in tables)
        self.size_bytes = sum(file.path.stat().st_size for file in found.files)
        self._good_rows = [0] * len(tables)  # of each file, as far as it was read

    @property
    def schema(self) -> pa.Schema:
        """Return names and types of the columns."""
        types = dict(zip(self._tables[0].names, self._tables[0].types, strict=True))
        return pa.schema([(name, types[name]) for name in self.names])

    @property
    def form(self) -> Form:
        """Return with what one of the files is read by itself."""
        return Form(kind=self.kind, names=self.names, types=self.schema.serialize().to_pybytes(), rules=self.rules)

    @property
    def groups(self) -> list[Sequence[int]]:
        """Return the rows of each row group of each file; none where a file is read from its start."""
        return [table.groups for table in self._tables]

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what was skipped or assumed; complete after a first full reading."""
        if len(self._tables) == 1:
            return (*self._found.remarks, *self._tables[0].remarks)
        each = [(file.path.name, table.remarks) for file, table in zip(self._found.files, self._tables, strict=True)]
        return (*self._found.remarks, *(f"{name}: {remark}" for name, remarks in each for remark in remarks))

    def batches(
        self, seen: Seen = _not_watched, chunk_bytes: int = CHUNK_BYTES, chunk_rows: int = CHUNK_ROWS, cut: Cut = ALL
    ) -> Iterator[Chunk]:
        """Give the rows in order; raise a SourceError where they cannot be read. Row groups are those of one file."""
        row, names = 1, self.names if cut.columns is None else cut.columns
        for number, table in enumerate(self._tables):
            first = row
            for piece in table.pieces(self._share(seen, number), chunk_bytes, chunk_rows, cut):
                yield Chunk(_in_order(piece.columns, names), row, piece.rejected)
                row += piece.columns.num_rows
                self._good_rows[number] = row - first

    def _share(self, seen: Seen, number: int) -> Seen:
        """Return what takes a share of one file and gives that of all."""
        count = len(self._tables)
        return lambda share: seen((number + share) / count)

    def locator(self) -> Locator:
        """Return what finds the rows of the first file."""
        return self._tables[0].locator()

    def line_of(self, row: int) -> tuple[str, int]:
        """Return (file, line) of a good row."""
        for number, rows in enumerate(self._good_rows):
            if row <= rows or number == len(self._tables) - 1:
                return self._found.files[number].name, self._tables[number].line_of(row)
            row -= rows
        raise ValueError(f"expected a row from 1. Received: {row}.")

    def where(self, row: int) -> str:
        """Say where a good row stands, as messages do."""
        file, line = self.line_of(row)
        return f"line {line}" if len(self.files) == 1 else f"{file}, line {line}"


def _in_order(columns: pa.RecordBatch, names: tuple[str, ...]) -> pa.RecordBatch:
    return columns if tuple(columns.schema.names) == names else columns.select(list(names))


def _table(file: files.File, kind: str, wishes: Wishes, rules: Rules | None, known: pa.Schema | None = None) -> Table:
    if kind == "parquet":
        return ParquetTable(file.path, file.name)
    if kind == "arrow":
        return ArrowTable(file.path, file.name)
    if kind == "jsonl":
        return JsonLinesTable(file.path, file.name, known)
    if kind == "excel":
        return ExcelTable(file.path, file.name, wishes, rules)
    return CsvTable(file.path, file.name, wishes, rules)


def head_of(path: Path, size: int) -> tuple[bytes, int]:
    """Return the first bytes of a text, and how many bytes of the file they took: fewer where it is compressed."""
    with opening.opened(path) as (stream, raw):
        return opening.first_bytes(stream, size), raw.tell()
