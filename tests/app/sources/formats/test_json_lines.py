"""JSON lines: the type of a column is what all its cells are."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from app.sources.errors import SourceError
from app.sources.source import open_source
from tests.app.sources.reading import columns_of, read, rejected_of, written


@pytest.mark.parametrize(
    ("cells", "type_", "expected"),
    [
        (["true", "false", "null"], pa.bool_(), [True, False, None]),
        (["1", "-2", "null"], pa.int64(), [1, -2, None]),
        (["1", "2.5", "3e2"], pa.float64(), [1.0, 2.5, 300.0]),
        (["1", "9223372036854775807"], pa.int64(), [1, 2**63 - 1]),
        (["1.5", "9007199254740993"], pa.string(), ["1.5", "9007199254740993"]),
        (["1", "9223372036854775808"], pa.string(), ["1", "9223372036854775808"]),
        (['"007"', '""', '"NA"', '" x "'], pa.string(), ["007", "", "NA", " x "]),
        (['"a"', "1", "2.0", "true"], pa.string(), ["a", "1", "2", "true"]),
        (['["a", "b"]', "[]", "null"], pa.list_(pa.string()), [["a", "b"], [], None]),
        (['{"k": 1}', '{"k": [2]}'], pa.string(), ['{"k": 1}', '{"k": [2]}']),
        (["null", "null"], pa.null(), [None, None]),
    ],
)
def test_a_column_has_the_type_of_all_its_cells(
    tmp_path: Path, cells: list[str], type_: pa.DataType, expected: list[object]
) -> None:
    text = "".join(f'{{"y": 1, "c": {cell}}}\n' for cell in cells)
    assert read(tmp_path, text, "rows.jsonl")["c"] == expected
    source = open_source(tmp_path / "rows.jsonl")
    assert next(source.batches()).columns.schema.field("c").type == type_
    assert not source.is_text
    assert source.rules.format == "jsonl"


def test_names_may_lack_and_come_late(tmp_path: Path) -> None:
    text = '\ufeff{"a": 1}\r\n\r\n{" b ": "x", "a": 2}\r\n{}'
    assert read(tmp_path, text, "rows.txt") == {"a": [1, 2, None], "b": [None, "x", None]}
    assert open_source(tmp_path / "rows.txt").line_of(2)[1] == 3


def test_lines_that_are_no_object_are_results(tmp_path: Path) -> None:
    source = open_source(written(tmp_path, '{"a": 1}\n[1]\n{"a": 2\n{"a": 3}\n'))
    found = rejected_of(source)
    assert [(each.row, each.line, each.content) for each in found] == [(2, 2, "[1]"), (3, 3, '{"a": 2')]
    assert "JSON is malformed" in found[1].reason or "truncated" in found[1].reason
    assert columns_of(source) == {"a": [1, 3]}


def test_a_compressed_file_is_found_by_what_it_holds(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(b'{"a": 1, "b": "x"}\n'), "rows")["b"] == ["x"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}\n{}\n", "no object with a name"),
        ('{"a": 1, " a": 2}\n', "Received twice: a"),
        ('[{"a": 1}]', "JSON in one piece"),
        ('{\n "a": 1\n}', "JSON in one piece"),
        ('{"a": 1}\n' + "x\n" * 20_000, "lines that are not"),
    ],
)
def test_other_json_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        columns_of(open_source(written(tmp_path, content)))
