"""Parquet and Arrow: files that store columns with their types, as pieces.

    file ─ batches ─ dictionaries decoded, long texts as texts ─> Piece

It knows nothing about what a type means.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from app.sources.chunks import Piece, Seen
from app.sources.errors import SourceError
from app.sources.formats import names as column_names
from app.sources.formats import opening
from app.sources.rules import Rules

EXPECTED = "a Parquet file"


class ParquetTable:
    """One Parquet file."""

    is_text = False
    packed = True

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        with opening.explained(name, EXPECTED), pyarrow.parquet.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
        if not rows:
            raise SourceError(f"{name}: expected rows. Received: 0 rows of {len(schema)} columns.")
        self.names, self.unnamed = named(name, schema.names)
        self.types = types_of(schema)
        self.rules = Rules(format="parquet")

    @property
    def remarks(self) -> list[str]:
        """Return nothing: a table with types leaves nothing to assume."""
        return []

    def retype(self, types: Sequence[Any]) -> None:
        """Give the columns these types, which hold their cells and those of other files."""
        self.types = list(types)

    def pieces(self, seen: Seen, chunk_bytes: int, chunk_rows: int) -> Iterator[Piece]:
        """Give all rows in order."""
        with opening.explained(self._name, EXPECTED), pyarrow.parquet.ParquetFile(self._path) as file:
            done = 0
            for batch in file.iter_batches(chunk_rows):
                batch.validate(full=True)  # letters that are no UTF-8, places beyond the data
                done += batch.num_rows
                seen(done / file.metadata.num_rows)
                yield Piece(plain(batch, self.names, self.types), [])

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


def plain(batch: Any, names: list[str], types: Sequence[Any]) -> Any:
    """Write out what is held by number, and texts in the usual way, in these types."""
    columns = [_plain(column) for column in batch.columns]
    cast = [column if column.type == kind else column.cast(kind) for column, kind in zip(columns, types, strict=True)]
    return pa.RecordBatch.from_arrays(cast, names)


def _plain(column: Any) -> Any:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(column.storage)
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return _plain(pc.run_end_decode(column))
    return column.cast(pa.string()) if pa.types.is_large_string(kind) or kind == pa.string_view() else column
