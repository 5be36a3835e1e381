"""Tables in memory: whatever exports Arrow's stream, dicts and lists."""

import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from app.sources import frames
from app.sources.errors import SourceError
from app.sources.source import open_source


class Stranger:
    """A frame of a library that nobody here knows."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


TABLE = pa.table({"n": [1, None], "s": ["a", "b"]})


@pytest.mark.parametrize(
    "frame",
    [
        TABLE,
        TABLE.to_batches()[0],
        TABLE.to_reader(),
        Stranger(TABLE),
        TABLE.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get),
        {"n": [1, None], "s": ("a", "b")},
        [{"n": 1, "s": "a"}, {"s": "b"}],
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_whatever_holds_a_table_is_read_as_the_same_table(frame: object) -> None:
    found = frames.read(frame).table()
    assert found.cast(TABLE.schema).equals(TABLE)


def test_an_index_of_pandas_is_left_out_and_said() -> None:
    plain, named = pd.DataFrame({"n": [1, 2]}), pd.DataFrame({"n": [1, 2]}, index=pd.Index(["x", "y"], name="id"))
    assert frames.read(plain).remarks == ()
    assert frames.read(named).table().column_names == ["n"]
    (remark,) = frames.read(named).remarks
    assert remark == "The index of the frame (id) is no column: frame.reset_index() makes it one"
    assert frames.read(named.reset_index()).table().column_names == ["id", "n"]


class Lazy:
    def collect(self) -> None:
        """Compute it."""


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (5, "a list of dicts. Received: int."),
        (Lazy(), "Received: Lazy, which is not computed yet: frame.collect()."),
        (pa.chunked_array([[1]]), "each with cells of one kind. Received: Cannot import schema"),
        (pd.DataFrame({"mixed": [1, "x"]}), "tried to convert to int64; Conversion failed for column mixed"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "names of their own, .* Received: Duplicate column names found"),
        (pa.table([[1], [2]], names=["a", " a"]), "expected unique column names. Received twice: a."),
        (pd.DataFrame({"thin": pd.arrays.SparseArray([0, 1])}), r"Sparse pandas data \(column thin\) not supported"),
        ({"a": [1], "b": [1, 2]}, "columns of one length. Received: Column 1 named b expected length 1"),
        ({"a": "xy"}, "columns of one length. Received: 'xy'."),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
def test_what_is_no_table_is_refused_with_what_would_be_one(frame: object, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        frames.read(frame).table()


def test_a_file_of_it_holds_its_types_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["x", "y", None]),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "moment": pd.date_range("2024-01-31", periods=3, tz="Europe/Zurich"),
            "money": [decimal.Decimal("1.50"), None, decimal.Decimal(2)],
            "share": [0.5, np.nan, 1.0],
        }
    )
    for name in ("a", "b"):
        frames.read(frame).write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    (chunk,) = open_source(tmp_path / "a").batches()
    assert [str(field.type) for field in chunk.columns.schema] == [
        *("string", "int64", "timestamp[us, tz=Europe/Zurich]", "decimal128(3, 2)", "double"),
    ]
    assert [column.null_count for column in chunk.columns.columns] == [1, 1, 0, 1, 1]


def test_words_of_one_batch_may_be_others_than_those_of_the_next(tmp_path: Path) -> None:
    batches = [pa.chunked_array([pa.array(words).dictionary_encode()]) for words in (["a", "b"], ["c", "a"])]
    frames.read(pa.table({"w": pa.chunked_array([each.chunk(0) for each in batches])})).write(tmp_path / "f")
    found = [chunk.columns.column(0).to_pylist() for chunk in open_source(tmp_path / "f").batches()]
    assert found == [["a", "b"], ["c", "a"]]


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"`frame`: expected rows\. Received: 0 rows of 2 columns\."):
        frames.read(TABLE.slice(0, 0)).write(tmp_path / "f")
