"""Damaged files: chunks of any size say the same, or one clear message; never another exception."""

import gzip
import io
import random
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sources.errors import SourceError
from app.sources.source import Source, Wishes, open_source

CSV = b'# made today\na,"b ""x""",c,d\n1,"x, y",NA,yes\n2,"line\nbreak",3.5,no\n,,,\n3,z,4,yes,\n'
TABLE = pa.table({"a": [1, 2], "b": ["x", None], "c": [[1], None], "d": pa.array(["x", "y"]).dictionary_encode()})
ODD = [b'"', b'""', b",", b"\n", b"\r", b"\r\n", b";", b"\t", b"'", b"\\", b'\\"', b"#", b"\0", b"\x1a", b"\xff", b"{"]


def parquet() -> bytes:
    stream = io.BytesIO()
    pyarrow.parquet.write_table(TABLE, stream)
    return stream.getvalue()


def arrow() -> bytes:
    stream = io.BytesIO()
    with pyarrow.ipc.new_stream(stream, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return stream.getvalue()


SEEDS = {
    "csv": CSV,
    "tsv": CSV.replace(b",", b"\t"),
    "spaced": b'a, b\n1, "x, y"\n2, "z ""w""\nv"\n 3, 4\n',
    "utf-16": CSV.decode().encode("utf-16"),
    "gzip": gzip.compress(CSV),
    "json": b'{"a": 1, "b": "x"}\n{"a": 2.5, "c": [1]}\n' * 3,
    "parquet": parquet(),
    "arrow": arrow(),
}


def damaged(content: bytes, seed: int) -> bytes:
    draw, found = random.Random(seed), bytearray(content)
    for _ in range(draw.choice([1, 2, 9])):
        place = draw.randrange(len(found) + 1)
        kind = draw.choice(["byte", "odd", "odd", "cut", "move", "repeat"])
        if kind == "byte":
            found[place : place + 1] = bytes([draw.randrange(256)])
        elif kind == "odd":
            found[place:place] = draw.choice(ODD)
        elif kind == "cut":
            del found[place : place + draw.randrange(40)]
        elif kind == "move":
            found = found[place:] + found[:place]
        else:
            found[place:place] = found[max(0, place - 9) : place] * draw.randrange(50)
    return bytes(found)


def opened(path: Path, wishes: Wishes) -> Source | str:
    try:
        return open_source(path, wishes)
    except SourceError as error:
        return str(error)


def outcome(source: Source, chunk_bytes: int, chunk_rows: int) -> object:
    try:
        chunks = list(source.batches(chunk_bytes=chunk_bytes, chunk_rows=chunk_rows))
    except SourceError as error:
        return str(error)
    rejected = [(each.row, each.line, each.reason, each.content) for chunk in chunks for each in chunk.rejected]
    columns = pa.Table.from_batches([chunk.columns for chunk in chunks]).combine_chunks() if chunks else None
    return str(columns), rejected, source.remarks


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), quotes=st.booleans())
def test_a_damaged_file_gives_rows_or_one_message(kind: str, seed: int, quotes: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows")
        path.write_bytes(damaged(SEEDS[kind], seed))
        source = opened(path, Wishes(quotes=quotes))
        if isinstance(source, str):
            assert source.startswith(str(path))
            assert "\n" not in source
            assert len(source) < 1500
            return
        assert outcome(source, 2**21, 65_536) == outcome(source, 16, 1) == outcome(source, 60, 2)
