"""Columns as Arrow holds them, for types that read a file in parts.

It knows nothing about files or types.
"""

from typing import Any

import pyarrow as pa


def is_text(values: Any) -> bool:
    """Say whether an array holds text."""
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))
