"""A CSV file as instances: read as training reads it, and each line that is wrong says so."""

import csv
import gzip
import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app.bundle import reader as bundles
from app.sources.csv_reader import MISSING, DataError, Line, Wanted, open_table

HEAD = "age,hours-per-week,member,level\n"
GOOD = {"age": 1.5, "hours-per-week": 2.0, "member": True, "level": "low"}


@pytest.fixture(scope="module")
def features(models: Path) -> list[Wanted]:
    found = bundles.read(models / "tiny" / "1").features
    return [Wanted(each.name, each.optional, found.text_reader(each.name)) for each in found.features]


def read(path: Path, features: Any) -> list[Line]:
    with ExitStack() as stack:
        return list(open_table(stack, path, features).lines())


def lines_of(text: str, features: Any, root: Path) -> list[Line]:
    path = root / "data.csv"
    path.write_text(text)
    return read(path, features)


def test_a_line_becomes_an_instance(features: Any, tmp_path: Path) -> None:
    assert lines_of(HEAD + "1.5,2,true,low\n", features, tmp_path) == [Line(2, GOOD)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_that_of_the_header(delimiter: str, features: Any, tmp_path: Path) -> None:
    text = (HEAD + "1.5,2,true,low\n").replace(",", delimiter)
    assert lines_of(text, features, tmp_path) == [Line(2, GOOD)]


def test_columns_in_any_order_and_others_beside_them(features: Any, tmp_path: Path) -> None:
    text = "level,id, member ,age,hours-per-week,target\nlow,7,true,1.5,2,yes\n"
    assert lines_of(text, features, tmp_path) == [Line(2, GOOD)]


def test_a_byte_order_mark_quotes_and_empty_lines_are_no_content(features: Any, tmp_path: Path) -> None:
    text = "\ufeff" + HEAD + '\n"1.5", 2, "true","low"\n\n'
    assert lines_of(text, features, tmp_path) == [Line(3, GOOD)]


def test_a_compressed_file_is_read_too(features: Any, tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress((HEAD + "1.5,2,TRUE,low\n").encode()))
    assert read(path, features) == [Line(2, GOOD)]


@pytest.mark.parametrize("word", sorted(MISSING))
def test_words_for_missing_values_leave_an_optional_feature_out(word: str, features: Any, tmp_path: Path) -> None:
    (line,) = lines_of(HEAD + f"1.5,{word},true,{word}\n", features, tmp_path)
    assert line.instance == {"age": 1.5, "member": True}


def test_the_words_for_missing_values_are_those_of_training() -> None:
    from pandas.io.parsers import readers

    from training.data import load

    assert getattr(readers, "STR_NA_VALUES") | set(load.MISSING) == MISSING  # noqa: B009  (no stub knows it)


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("old,2,true,low", "line 2, `age`: expected a number within the range of a 32-bit float. Received: 'old'."),
        ("1e99,2,true,low", "line 2, `age`: expected a number within the range of a 32-bit float. Received: '1e99'."),
        ("inf,2,true,low", "line 2, `age`: expected a number within the range of a 32-bit float. Received: 'inf'."),
        ("1_0,2,true,low", "line 2, `age`: expected a number within the range of a 32-bit float. Received: '1_0'."),
        ("1,2,maybe,low", "line 2, `member`: expected true or false. Received: 'maybe'."),
        (",2,true,low", "line 2, `age`: expected a value, for it was never missing in training. Received: ''."),
        ("1,2,true", "line 2: expected 4 cells, as in the header. Received: 3."),
        ("1,2,true,low,5", "line 2: expected 4 cells, as in the header. Received: 5."),
    ],
)
def test_a_line_that_the_service_would_refuse_says_why(cells: str, fault: str, features: Any, tmp_path: Path) -> None:
    assert lines_of(HEAD + cells + "\n1.5,2,1,low\n", features, tmp_path) == [Line(2, None, fault), Line(3, GOOD)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a header with the names of the columns. Received: an empty line."),
        ("a\0b,c\n", "expected a CSV file. Received: bytes that are not text."),
        ("age,age,member\n", "expected unique column names. Received twice: age."),
        ("level,hours-per-week\n", "expected the column(s) age, member, which the model needs. Received the columns "),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(text: str, message: str, features: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.csv: ") as caught:
        lines_of(text, features, tmp_path)
    assert message in str(caught.value)


def test_an_optional_column_may_be_absent(features: Any, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("age,member,level\n1.5,true,low\n")
    with ExitStack() as stack:
        table = open_table(stack, path, features)
        assert table.absent == ("hours-per-week",)
        assert [line.instance for line in table.lines()] == [{"age": 1.5, "member": True, "level": "low"}]
        assert math.isclose(table.read_share(), 1)


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", HEAD.encode() + b"1,2,true,\xff\n"])
def test_bytes_that_are_no_text_are_refused(content: bytes, features: Any, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data\.csv.*expected (a )?CSV"):
        read(path, features)


def test_an_archive_that_ends_too_soon_is_refused(features: Any, tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress((HEAD + "1,2,true,low\n" * 5000).encode())[:-20])
    with pytest.raises(DataError, match=r"data\.csv\.gz"):
        read(path, features)


def test_a_cell_without_end_is_refused(features: Any, tmp_path: Path) -> None:
    text = HEAD + '1,2,true,"' + "x" * (csv.field_size_limit() + 1)
    with pytest.raises(DataError, match=r"expected CSV\. Received: field larger than field limit"):
        lines_of(text, features, tmp_path)
