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
