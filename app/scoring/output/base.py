"""A writer of one part: record batches to bytes, the same for the same rows."""

from typing import Any, Protocol

import pyarrow as pa


class Writer(Protocol):
    """One part that is written; bytes come at its end."""

    def __init__(self, schema: pa.Schema) -> None: ...

    def add(self, batch: Any) -> None:
        """Take more rows, a pa.RecordBatch of the schema."""

    def close(self) -> bytes:
        """Return all that was written."""
