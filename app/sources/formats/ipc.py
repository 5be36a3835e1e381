"""Arrow IPC and Feather: files that hold Arrow's own batches, as pieces.

    file or stream ─ batches ─ cut to rows of a chunk ─ dictionaries decoded ─> Piece

It knows nothing about what a type means.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc

from app.sources.chunks import ALL, Cut, Locator, Numbered, Piece, Seen
from app.sources.errors import NoRows
from app.sources.formats import opening
from app.sources.formats.parquet import named, places_of, plain, types_of
from app.sources.rules import Rules

EXPECTED = "an Arrow or Feather file"
FILE, OLD_FEATHER = b"ARROW1", b"FEA1"


class ArrowTable:
    """One Arrow file: the format for files, the one for streams, or Feather of either version."""

    is_text = False
    packed = False
    groups: Sequence[int] = ()  # batches may be small or compressed: how many rows each has takes a look at all

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        with opening.explained(name, EXPECTED), self._reader() as (schema, batches):
            columns, self.types = schema.names, types_of(schema)
            has_rows = any(batch.num_rows for batch in batches)
        self.names, self.unnamed = named(name, columns)
        if not has_rows:
            raise NoRows(name, self.names)
        self.rules = Rules(format="arrow")

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
        with opening.explained(self._name, EXPECTED), self._reader() as (_, batches):
            for batch in batches:
                batch.validate(full=True)  # letters that are no UTF-8, places beyond the data
                for start in range(0, batch.num_rows, chunk_rows):
                    yield Piece(plain(batch.select(places).slice(start, chunk_rows), places, self, cut), [])
        seen(1.0)

    def line_of(self, row: int) -> int:
        """Return the row: there are no lines."""
        return row

    def locator(self) -> Locator:
        """Return what finds rows: by their numbers."""
        return Numbered()

    @contextmanager
    def _reader(self) -> Iterator[tuple[Any, Iterator[Any]]]:
        """Open the file: (schema, batches)."""
        start = opening.magic(self._path)
        if start.startswith(OLD_FEATHER):
            table = pyarrow.feather.read_table(self._path)
            yield table.schema, iter(table.to_batches())
            return
        with pa.memory_map(str(self._path)) as source:
            if start.startswith(FILE):
                reader = pyarrow.ipc.open_file(source)
                yield reader.schema, (reader.get_batch(number) for number in range(reader.num_record_batches))
            else:
                stream = pyarrow.ipc.open_stream(source)
                yield stream.schema, iter(stream)
