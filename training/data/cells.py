"""Cells: the rows of a table as its types keep them, in memory or in a temporary file: read as often as wanted.

    rows of a chunk ─ add ─> Arrow batches ─ chunks ─> DataFrames of the same rows, in the same order

Which of the two it is changes nothing but where the rows stand. It knows nothing about types or files of users.
"""

import tempfile
import weakref
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from training.columns.values import texts

PACKED = pa.ipc.IpcWriteOptions(compression="lz4")


class Cells:
    """Rows of named cells; text or floats, the same in every chunk."""

    def __init__(self, *, in_memory: bool) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._file = None if in_memory else tempfile.TemporaryFile(prefix="slipway-")  # noqa: SIM115 - see below
        if self._file is not None:
            weakref.finalize(self, self._file.close)  # which removes it
        self._writer: Any = None
        self.rows = 0

    @property
    def in_memory(self) -> bool:
        return self._file is None

    def add(self, cells: dict[str, NDArray[Any]]) -> None:
        """Take in some rows: column -> (rows,)."""
        batch = pa.RecordBatch.from_pydict({name: _array(column) for name, column in cells.items()})
        self.rows += batch.num_rows
        if self._file is None:
            self._batches.append(batch)
            return
        if self._writer is None:
            self._writer = pa.ipc.new_stream(self._file, batch.schema, options=PACKED)
        self._writer.write_batch(batch)

    def chunks(self) -> Iterator[pd.DataFrame]:
        """Give the rows again, as they came."""
        for batch in self._batches if self._file is None else self._read():
            columns = {name: _column(batch.column(name)) for name in batch.schema.names}
            yield pd.DataFrame(columns, index=pd.RangeIndex(batch.num_rows))

    def _read(self) -> Iterator[pa.RecordBatch]:
        if self._writer is None:
            return
        self._writer.close()
        assert self._file is not None
        self._file.seek(0)
        with pa.ipc.open_stream(pa.PythonFile(self._file, "r")) as stream:
            yield from stream


def _array(column: NDArray[Any]) -> pa.Array:
    return pa.array(column, pa.string() if column.dtype == object else pa.float64(), from_pandas=False)


def _column(values: pa.Array) -> Any:
    """Return a column for pandas: objects for text, or its own type for text would come of it."""
    if pa.types.is_string(values.type):
        return pd.Series(texts(values), dtype=object)
    return values.to_numpy(zero_copy_only=False)
