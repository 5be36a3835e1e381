"""Parquet: row groups of 65,536 rows or a little more, compressed with zstd.

Only compressed bytes and one row group are in memory.
"""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet

GROUP_ROWS = 65_536


class ParquetWriter:
    """One Parquet file."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema, self._waiting, self._rows = schema, list[Any](), 0
        self._buffer = io.BytesIO()
        texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)]
        self._writer = pyarrow.parquet.ParquetWriter(
            self._buffer, schema, compression="zstd", use_dictionary=texts or False
        )

    def add(self, batch: Any) -> None:
        """Take more rows."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= GROUP_ROWS:
            self._write()

    def close(self) -> bytes:
        """Return the file."""
        if self._rows:
            self._write()
        self._writer.close()
        return self._buffer.getvalue()

    def _write(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        self._writer.write_table(table, row_group_size=self._rows)
        self._waiting, self._rows = [], 0
