"""Frames: tables in memory, of pandas, polars, Arrow or any library that exports Arrow's stream, as Arrow batches.

    frame ─ __arrow_c_stream__ ─┐
    dict of columns ────────────┼─> names checked, an index of pandas left out ─> Frame ─ write ─> a file of Arrow
    list of rows ───────────────┘

No library of frames is imported for it: a frame brings its own. It knows nothing about what columns mean.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from app.printable import listed
from app.sources.errors import SourceError
from app.sources.formats import names as column_names
from app.sources.formats.opening import UNREADABLE
from app.sources.formats.values import Kinds, column

NAME = "`frame`"
EXPECTED = (
    "a data frame (pandas, polars, Arrow or whatever else has `__arrow_c_stream__`), a dict of columns or a list of "
    "dicts"
)
HELD = "columns with names of their own, each with cells of one kind"
BAD = (*UNREADABLE, TypeError, AttributeError, RuntimeError)


class Frame:
    """A table in memory; its batches are read once."""

    def __init__(self, reader: Any) -> None:
        found = reader.schema
        self._index = _index_of(found)
        self._reader = reader
        self._places = [place for place, name in enumerate(found.names) if name not in self._index]
        self.schema = pa.schema([found.field(place).remove_metadata() for place in self._places])
        column_names.check(NAME, [name.strip() for name in self.schema.names])

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what was left out."""
        if not self._index:
            return ()
        return (f"The index of the frame ({listed(self._index)}) is no column: frame.reset_index() makes it one",)

    def batches(self) -> Iterator[Any]:
        """Give all rows in order; raise a SourceError where the frame fails to give them."""
        with _explained(HELD):
            for batch in self._reader:
                columns = [batch.column(place) for place in self._places]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def table(self) -> Any:
        """Return all rows as a `pa.Table`."""
        return pa.Table.from_batches(self.batches(), self.schema)

    def write(self, path: Path) -> None:
        """Write all rows to a file; raise a SourceError where there are none."""
        rows = 0
        # The form for streams, for one batch may have other words in its dictionaries than the next.
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, self.schema) as writer:
            for batch in self.batches():
                writer.write_batch(batch)
                rows += batch.num_rows
        if not rows:
            raise SourceError(f"{NAME}: expected rows. Received: 0 rows of {len(self.schema)} columns.")


def read(frame: object) -> Frame:
    """Open what a person holds; raise a SourceError that says what it should be."""
    if isinstance(frame, Mapping):
        return Frame(_of_columns(frame).to_reader())
    if isinstance(frame, list | tuple) and all(isinstance(row, Mapping) for row in frame):
        return Frame(_of_rows(frame).to_reader())
    if hasattr(frame, "__arrow_c_stream__"):
        with _explained(HELD):
            return Frame(pa.RecordBatchReader.from_stream(frame))
    hint = ", which is not computed yet: frame.collect()" if hasattr(frame, "collect") else ""
    raise SourceError(f"{NAME}: expected {EXPECTED}. Received: {type(frame).__name__}{hint}.")


def _of_columns(columns: Mapping[Any, Any]) -> Any:
    """Return lists of cells, or arrays, as a table."""
    with _explained("columns of one length"):
        return pa.table({str(name): _array(cells) for name, cells in columns.items()})


def _of_rows(rows: Sequence[Mapping[Any, Any]]) -> Any:
    """Return rows as a table; what a row does not name is missing in it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({str(name): _array([row.get(name) for row in rows]) for name in names})


def _array(cells: Any) -> Any:
    if isinstance(cells, str):
        raise TypeError(repr(cells))
    if not isinstance(cells, list | tuple):
        return pa.array(cells)
    kinds = Kinds()
    kinds.add(cells)
    return column(cells, kinds.type)


def _index_of(schema: Any) -> Sequence[str]:
    """Return the columns that pandas made of an index; a plain one, which only counts, is none."""
    try:
        found: Iterable[Any] = json.loads(schema.metadata[b"pandas"])["index_columns"]
    except (TypeError, KeyError, ValueError):
        return ()
    return [name for name in found if isinstance(name, str) and name in schema.names]


@contextmanager
def _explained(expected: str) -> Iterator[None]:
    """Raise a SourceError that says what a library says; Arrow names the column in a second sentence."""
    try:
        yield
    except BAD as error:
        said = "; ".join([str(each).rstrip(".") for each in error.args]) or type(error).__name__
        raise SourceError(f"{NAME}: expected {expected}. Received: {said}.") from error
