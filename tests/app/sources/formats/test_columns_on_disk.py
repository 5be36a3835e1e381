"""Parquet and Arrow: files that store columns give them in their types, whatever the size of a chunk."""

import datetime
import decimal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest

from app.sources.errors import SourceError
from app.sources.source import open_source
from tests.app.sources.reading import columns_of

TABLE = pa.table(
    {
        " number ": pa.array([1.5, None, float("nan")]),
        "whole": pa.array([2**63, 1, None], pa.uint64()),
        "half": pa.array([np.float16(1.5), None, None], pa.float16()),
        "word": pa.array(["NA", "", None]),
        "long": pa.array(["a", "b", None], pa.large_string()),
        "coded": pa.array(["a", "b", "a"]).dictionary_encode(),
        "day": pa.array([datetime.date(9999, 12, 31), datetime.date(1, 1, 1), None]),
        "moment": pa.array([datetime.datetime(2020, 1, 1, 12), None, None], pa.timestamp("ms", "Europe/Berlin")),
        "money": pa.array([decimal.Decimal("1.25"), None, None]),
        "list": pa.array([["a"], [], None]),
        "nothing": pa.nulls(3),
    }
)


def arrow_file(table: pa.Table, path: Path) -> None:
    with pyarrow.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def arrow_stream(table: pa.Table, path: Path) -> None:
    with pyarrow.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    "parquet": pyarrow.parquet.write_table,
    "feather": pyarrow.feather.write_feather,
    "file": arrow_file,
    "stream": arrow_stream,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_columns_keep_their_types(tmp_path: Path, write: Callable[[pa.Table, Path], Any]) -> None:
    path = tmp_path / "rows"
    write(TABLE, path)
    source = open_source(path)
    assert source.names == ("number", *TABLE.column_names[1:])
    assert not source.is_text
    kinds = next(source.batches()).columns.schema
    assert (kinds.field("coded").type, kinds.field("long").type) == (pa.string(), pa.string())
    assert kinds.field("moment").type == pa.timestamp("ms", "Europe/Berlin")
    whole = repr(columns_of(source))
    assert whole == repr(columns_of(source, chunk_rows=1)) == repr(columns_of(source, chunk_rows=2))
    assert columns_of(source)["word"] == ["NA", "", None]
    assert columns_of(source)["whole"] == [2**63, 1, None]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_what_is_cut_off_or_empty_is_refused(tmp_path: Path, write: Callable[[pa.Table, Path], Any]) -> None:
    path = tmp_path / "rows"
    write(TABLE.slice(0, 0), path)
    with pytest.raises(SourceError, match="expected rows"):
        open_source(path)
    write(TABLE, path)
    content = path.read_bytes()
    for size in (12, len(content) // 2):
        path.write_bytes(content[:size])
        with pytest.raises(SourceError, match=r"expected a.* file"):
            columns_of(open_source(path))


def test_a_parquet_file_in_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet.gz"
    with pa.output_stream(path, compression="gzip") as stream:
        pyarrow.parquet.write_table(TABLE, stream)
    with pytest.raises(SourceError, match="compressed as a whole"):
        open_source(path)


def test_names_that_stand_twice_are_refused(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.table([[1], [2]], ["a", "a "]), tmp_path / "rows.parquet")
    with pytest.raises(SourceError, match="Received twice: a"):
        open_source(tmp_path / "rows.parquet")
