"""Parquet and Arrow: files that store columns with their types, as pieces.

    file ─ row groups, columns ─ batches ─ dictionaries decoded, long texts as texts ─> Piece

It knows nothing about what a type means.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from app.sources.chunks import ALL, Cut, Locator, Numbered, Piece, Seen
from app.sources.errors import NoRows
from app.sources.formats import names as column_names
from app.sources.formats import opening
from app.sources.rules import Rules

EXPECTED = "a Parquet file"
# Of a column that is read; without it a column of a row group is read whole. Where the compressed pages of a column are
# smaller than the 16 KiB that Arrow looks ahead for the head of a page, the buffer grows by every page all the same: it
# is emptied only by a page that lies beyond what was looked at (`BufferedInputStream::Peek` of Arrow 26).
BUFFER_BYTES = 2**20


class ParquetTable:
    """One Parquet file."""

    is_text = False
    packed = True

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        with opening.explained(name, EXPECTED), pyarrow.parquet.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
            self.groups: Sequence[int] = [
                metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)
            ]
        self._columns = schema.names  # as the file writes them
        self.names, self.unnamed = named(name, schema.names)
        if not metadata.num_rows:
            raise NoRows(name, self.names)
        self.types = types_of(schema)
        self.rules = Rules(format="parquet")

    @property
    def remarks(self) -> list[str]:
        """Return nothing: a table with types leaves nothing to assume."""
        return []

    def retype(self, types: Sequence[Any]) -> None:
        """Give the columns these types, which hold their cells and those of other files."""
        self.types = list(types)

    def pieces(self, seen: Seen, chunk_bytes: int, chunk_rows: int, cut: Cut = ALL) -> Iterator[Piece]:
        """Give the rows in order."""
        places = places_of(self.names, cut)
        columns = [self._columns[place] for place in places]
        groups = range(*(cut.groups or (0, len(self.groups))))
        rows = sum(self.groups[group] for group in groups)
        with opening.explained(self._name, EXPECTED), self._open(cut) as file:
            done = 0
            for batch in file.iter_batches(
                chunk_rows, row_groups=list(groups), columns=columns, use_threads=cut.threads
            ):
                batch.validate(full=True)  # letters that are no UTF-8, places beyond the data
                done += batch.num_rows
                seen(done / rows)
                yield Piece(plain(batch.select(columns), places, self, cut), [])

    def _open(self, cut: Cut) -> pyarrow.parquet.ParquetFile:
        """Open the file so that texts which may be dictionaries are read as such, and no row group whole beforehand."""
        texts = [
            column
            for column, name, kind in zip(self._columns, self.names, self.types, strict=True)
            if name in cut.dictionaries and pa.types.is_string(kind)
        ]
        return pyarrow.parquet.ParquetFile(
            self._path, read_dictionary=texts, buffer_size=BUFFER_BYTES, pre_buffer=False
        )

    def locator(self) -> Locator:
        """Return what finds rows: by their numbers."""
        return Numbered()

    def line_of(self, row: int) -> int:
        """Return the row: there are no lines."""
        return row


def named(file: str, columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the stripped names, made-up ones where there are none, and those; refuse what stands twice."""
    names = [name.strip() for name in columns]
    column_names.check(file, names)
    return column_names.filled(names)


def types_of(schema: Any) -> list[Any]:
    """Return the types of columns, once `plain` has written them."""
    return [_plain(pa.array([], field.type)).type for field in schema]


def places_of(names: Sequence[str], cut: Cut) -> list[int]:
    """Return the places of the columns that are read, in their order."""
    return list(range(len(names))) if cut.columns is None else [names.index(name) for name in cut.columns]


def plain(batch: Any, places: Sequence[int], table: Any, cut: Cut) -> Any:
    """Write out what is held by number, and texts in the usual way; the columns of a table that stand at `places`."""
    names = [table.names[place] for place in places]
    columns = [
        _typed(column, table.types[place], name in cut.dictionaries)
        for column, place, name in zip(batch.columns, places, names, strict=True)
    ]
    return rows_of(columns, names, batch.num_rows)


def rows_of(columns: Sequence[Any], names: Sequence[str], rows: int) -> Any:
    """Return columns as a batch; without a column it has its rows all the same."""
    if columns:
        return pa.RecordBatch.from_arrays(columns, list(names))
    return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))


def _typed(column: Any, kind: Any, dictionary: bool) -> Any:
    """Return a column in its type, or as a dictionary of that type."""
    if dictionary and pa.types.is_dictionary(column.type) and column.type.value_type == kind:
        return column
    column = _plain(column)
    return column if column.type == kind else column.cast(kind)


def _plain(column: Any) -> Any:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(column.storage)
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return _plain(pc.run_end_decode(column))
    return column.cast(pa.string()) if pa.types.is_large_string(kind) or kind == pa.string_view() else column
