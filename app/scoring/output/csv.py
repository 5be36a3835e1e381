"""CSV: a header and a line a row, in UTF-8; cells in quotes where they must be."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.csv


class CsvWriter:
    """One CSV file."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = pa.schema([(field.name, _written(field.type)) for field in schema])
        self._buffer = io.BytesIO()
        self._writer = pyarrow.csv.CSVWriter(self._buffer, self._schema)

    def add(self, batch: Any) -> None:
        """Take more rows."""
        self._writer.write_batch(batch.cast(self._schema))

    def close(self) -> bytes:
        """Return the file."""
        self._writer.close()
        return self._buffer.getvalue()


def _written(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
