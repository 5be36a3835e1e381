"""JSON lines: an object a row; times as text, numbers that are not finite as null."""

from typing import Any

import msgspec
import pyarrow as pa


class JsonLinesWriter:
    """One file of JSON lines."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = pa.schema([(field.name, _written(field.type)) for field in schema])
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._parts: list[bytes] = []

    def add(self, batch: Any) -> None:
        """Take more rows."""
        self._parts.append(self._encoder.encode_lines(batch.cast(self._schema).to_pylist()))

    def close(self) -> bytes:
        """Return the file."""
        return b"".join(self._parts)


def _written(kind: pa.DataType) -> pa.DataType:
    """Return the type that is written: Arrow's moments have nanoseconds, Python's do not."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    return pa.string() if pa.types.is_temporal(kind) and not pa.types.is_interval(kind) else kind
