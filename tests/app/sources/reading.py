"""What the tests of sources share: a file from its text, and all that is read from it."""

from pathlib import Path
from typing import Any

from app.sources.source import Rejected, Source, Wishes, open_source


def written(root: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = root / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def columns_of(source: Source, chunk_bytes: int = 2**21, chunk_rows: int = 65_536) -> dict[str, list[Any]]:
    chunks = list(source.batches(chunk_bytes=chunk_bytes, chunk_rows=chunk_rows))
    assert [chunk.first_row for chunk in chunks] == starts([chunk.columns.num_rows for chunk in chunks])
    return {name: [cell for chunk in chunks for cell in chunk.columns[name].to_pylist()] for name in source.names}


def starts(counts: list[int]) -> list[int]:
    return [1 + sum(counts[:place]) for place in range(len(counts))]


def rejected_of(source: Source, chunk_bytes: int = 2**21) -> list[Rejected]:
    return [each for chunk in source.batches(chunk_bytes=chunk_bytes) for each in chunk.rejected]


def read(root: Path, content: str | bytes, name: str = "rows.csv", **wishes: Any) -> dict[str, list[Any]]:
    """Return the columns, which are the same in chunks of any size."""
    source = open_source(written(root, content, name), Wishes(**wishes))
    whole = columns_of(source)
    assert columns_of(source, chunk_bytes=16, chunk_rows=3) == whole
    assert columns_of(source, chunk_bytes=100, chunk_rows=7) == whole
    return whole
