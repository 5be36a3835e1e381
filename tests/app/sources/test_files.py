"""Several files: a folder, a pattern, standard input; one table, or refused by name."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

from app.sources.errors import SourceError
from app.sources.rules import Rules
from app.sources.source import open_source
from tests.app.sources.reading import columns_of, rejected_of, written


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("__MACOSX/._rows.csv", b"")
        archive.writestr("rows.csv", content)
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content[:9], "zstd", asbytes=True) + pa.compress(content[9:], "zstd", asbytes=True))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zipped, zstd])
def test_a_compressed_file_is_known_by_what_it_holds(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    content = b"a,b\n" + b"1,x\n" * 5000
    source = open_source(written(tmp_path, pack(content), "rows"))
    assert columns_of(source) == {"a": ["1"] * 5000, "b": ["x"] * 5000}
    assert source.packed
    with pytest.raises(SourceError, match="rows: expected a "):
        columns_of(open_source(written(tmp_path, pack(content)[:-20], "rows")))


def test_a_folder_is_one_table_in_the_order_of_names(tmp_path: Path) -> None:
    written(tmp_path, "a,b\n3,z\n", "2.csv")
    written(tmp_path, "b,a\nx,1\ny\ny,2\n", "1.csv")
    written(tmp_path, "to read", "README.md")
    written(tmp_path, "no table", ".hidden.csv")
    source = open_source(tmp_path)
    assert source.names == ("b", "a")
    assert columns_of(source) == {"b": ["x", "y", "z"], "a": ["1", "2", "3"]}
    assert [(each.file, each.row, each.line) for each in rejected_of(source)] == [(str(tmp_path / "1.csv"), 2, 3)]
    assert [source.line_of(row) for row in (2, 3)] == [(str(tmp_path / "1.csv"), 4), (str(tmp_path / "2.csv"), 2)]
    assert source.remarks == ("left out of the folder, for they are no tables: README.md",)
    shares: list[float] = []
    assert list(source.batches(shares.append))
    assert shares == sorted(shares)


def test_a_pattern_names_files_of_one_form(tmp_path: Path) -> None:
    for month in range(1, 4):
        written(tmp_path, f"a;b\n{month};x,y\n".encode(), f"2024-0{month}.csv")
    written(tmp_path, "other", "notes.txt")
    source = open_source(tmp_path / "2024-*.csv")
    assert len(source.files) == 3
    assert columns_of(source)["a"] == ["1", "2", "3"]
    assert source.rules == Rules(delimiter=";")


def test_the_types_of_parquet_files_are_united(tmp_path: Path) -> None:
    for number, column in enumerate([pa.array([1, 2]), pa.array([1.5]), pa.nulls(1), pa.array([3], pa.int8())]):
        pyarrow.parquet.write_table(pa.table({"a": column}), tmp_path / f"{number}.parquet")
    source = open_source(tmp_path)
    assert {chunk.columns.schema.field("a").type for chunk in source.batches()} == {pa.float64()}
    assert columns_of(source)["a"] == [1.0, 2.0, 1.5, None, 3.0]
    pyarrow.parquet.write_table(pa.table({"a": ["x"]}), tmp_path / "9.parquet")
    with pytest.raises(SourceError, match=r"9\.parquet, `a`: expected double, as in .*0\.parquet\. Received: string"):
        open_source(tmp_path)


def test_the_types_of_json_lines_are_united(tmp_path: Path) -> None:
    written(tmp_path, '{"a": 1, "b": 2}\n', "1.jsonl")
    written(tmp_path, '{"a": "x", "b": 2.5}\n', "2.jsonl")
    assert columns_of(open_source(tmp_path)) == {"a": ["1", "x"], "b": [2.0, 2.5]}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.csv", "a,c\n1,2\n", r"b\.csv: expected the columns of .*a\.csv\. Received: none named b\."),
        ("b.csv", "a,b,c\n1,2,3\n", r"b\.csv: expected the columns of .*a\.csv alone\. Received: also c\."),
        (
            "b.jsonl",
            '{"a": 1, "b": 2}\n',
            r"b\.jsonl: expected files of one form, as .*a\.csv \(csv\)\. Received: jsonl",
        ),
    ],
)
def test_files_of_another_form_are_refused_by_name(tmp_path: Path, name: str, content: str, message: str) -> None:
    written(tmp_path, "a,b\n1,2\n", "a.csv")
    written(tmp_path, content, name)
    with pytest.raises(SourceError, match=message):
        open_source(tmp_path)


def table_of(kind: str, rows: int) -> bytes:
    """Return a table of one kind; of a text without rows, its first line."""
    if kind == "csv":
        return "".join(["a;b,c\n", *["1;2\n"] * rows]).encode()
    if kind == "jsonl":
        return b'{"a": 1, "b,c": 2.5}\n' * rows
    table = pa.table({"a": pa.array([1] * rows, pa.int64() if rows else None), "b,c": [2.5] * rows})
    buffer = io.BytesIO()
    if kind == "parquet":
        pyarrow.parquet.write_table(table, buffer)
    else:
        with pa.ipc.new_file(buffer, table.schema) as writer:
            writer.write_table(table)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow"])
def test_files_without_rows_among_others_are_left_out_and_said(tmp_path: Path, kind: str) -> None:
    """Those that come first, too, whose form the others decide."""
    nothing = [f"{place}0.{kind}" for place in (1, 5)]
    bare = [f"{place}1.{kind}" for place in (1, 5)] if kind != "jsonl" else []
    for name in nothing:
        written(tmp_path, b"", name)
    for name in bare:
        written(tmp_path, table_of(kind, rows=0), name)
    for place in (3, 7):
        written(tmp_path, table_of(kind, rows=place), f"{place}.{kind}")
    written(tmp_path, gzip.compress(b""), f"8.{kind}.gz")
    source = open_source(tmp_path)
    assert [path.name for path in source.files] == [f"3.{kind}", f"7.{kind}"]
    assert len(columns_of(source)["a"]) == 10
    assert source.remarks[:2] == (
        f"left out, for there is nothing in them: {', '.join([*nothing, f'8.{kind}.gz'])}",
        *([f"left out, for they have no rows: {', '.join(bare)}"] if bare else []),
    )


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow"])
def test_files_without_rows_are_refused_by_themselves_and_with_other_columns(tmp_path: Path, kind: str) -> None:
    for place in (1, 2):
        written(tmp_path, table_of(kind, rows=0), f"{place}.{kind}")
    with pytest.raises(SourceError, match=rf"1\.{kind}: expected rows\. Received: 0 rows of"):
        open_source(tmp_path)
    written(tmp_path, table_of(kind, rows=3).replace(b"b,c", b"b,d"), f"3.{kind}")
    with pytest.raises(SourceError, match=rf"1\.{kind}: expected the columns of .*3\.{kind}. Received: none named b,d"):
        open_source(tmp_path)


def test_files_of_which_none_holds_a_byte_are_refused(tmp_path: Path) -> None:
    for name in ("1.csv", "2.csv"):
        written(tmp_path, b"", name)
    with pytest.raises(SourceError, match=r"1\.csv: expected "):
        open_source(tmp_path)


def test_an_empty_folder_and_an_empty_pattern_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="files with tables in this folder"):
        open_source(tmp_path)
    with pytest.raises(SourceError, match="which is not a file"):
        open_source(tmp_path / "*.csv")


class Standard(io.BytesIO):
    @property
    def buffer(self) -> "Standard":
        return self


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", gzip.compress(b"a,b\n1,2\n"), b'{"a": "1", "b": "2"}\n'])
def test_standard_input_is_read_as_often_as_a_file(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", Standard(content))
    source = open_source(Path("-"))
    assert columns_of(source) == columns_of(source) == {"a": ["1"], "b": ["2"]}
    assert source.files == (Path("-"),)
    assert source.line_of(1)[0] == "standard input"
    assert source.size_bytes == len(content)


def test_an_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
        archive.writestr("b.csv", "a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"expected one file in the archive\. Received: 2"):
        open_source(tmp_path / "rows.zip")
