"""Rows of a file as instances: read by the rules of training, and each row that is wrong says so."""

import gzip
import math
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from app.bundle import reader as bundles
from app.sources.cells import Wanted, read_once
from app.sources.errors import SourceError
from app.sources.rules import ColumnRule, DateForm, NumberForm, Rules
from app.sources.words import MISSING
from tests.support.row_by_row import Line, Table, open_table

HEAD = "age,hours-per-week,member,level\n"
GOOD = {"age": 1.5, "hours-per-week": 2.0, "member": True, "level": "low"}
ROW = "1.5,2,true,low\n"


@pytest.fixture(scope="module")
def features(models: Path) -> list[Wanted]:
    found = bundles.read(models / "tiny" / "1").features
    return [Wanted(each.name, each.optional, found.text_reader(each.name)) for each in found.features]


def opened(text: str, features: Any, root: Path, rules: Rules | None = None) -> Table:
    path = root / "data.csv"
    path.write_text(text)
    return open_table(path, features, rules)


def lines_of(text: str, features: Any, root: Path) -> list[Line]:
    return list(opened(text, features, root).lines())


def test_a_row_becomes_an_instance(features: Any, tmp_path: Path) -> None:
    assert lines_of(HEAD + ROW, features, tmp_path) == [Line(1, GOOD)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_that_of_the_header(delimiter: str, features: Any, tmp_path: Path) -> None:
    assert lines_of((HEAD + ROW).replace(",", delimiter), features, tmp_path) == [Line(1, GOOD)]


def test_columns_in_any_order_and_others_beside_them(features: Any, tmp_path: Path) -> None:
    text = "level,id, member ,age,hours-per-week,target\nlow,7,true,1.5,2,yes\n"
    assert lines_of(text, features, tmp_path) == [Line(1, GOOD)]


def test_a_byte_order_mark_quotes_and_empty_lines_are_no_content(features: Any, tmp_path: Path) -> None:
    table = opened("\ufeff" + HEAD + '\n"1.5", 2, "true","low"\n\n', features, tmp_path)
    (line,) = table.lines()
    assert line == Line(1, GOOD)
    assert table.place(Line(1, None, ": bad")) == "line 3: bad"


def test_a_compressed_file_is_read_too(features: Any, tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress((HEAD + "1.5,2,TRUE,low\n").encode()))
    assert list(open_table(path, features).lines()) == [Line(1, GOOD)]


@pytest.mark.parametrize("word", sorted(MISSING))
def test_words_for_missing_values_leave_an_optional_feature_out(word: str, features: Any, tmp_path: Path) -> None:
    line, _ = lines_of(HEAD + f"1.5,{word},true,{word}\n" + ROW, features, tmp_path)
    assert line.instance == {"age": 1.5, "member": True}


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("old,2,true,low", "line 2, `age`: expected a number within the range of a 32-bit float. Received: 'old'."),
        ("1e99,2,true,low", "line 2, `age`: expected a number within the range of a 32-bit float. Received: '1e99'."),
        ("inf,2,true,low", "line 2, `age`: expected a number within the range of a 32-bit float. Received: 'inf'."),
        ("1_0,2,true,low", "line 2, `age`: expected a number within the range of a 32-bit float. Received: '1_0'."),
        ("1,2,maybe,low", "line 2, `member`: expected true or false. Received: 'maybe'."),
        (",2,true,low", "line 2, `age`: expected a value, for it was never missing in training. Received: nothing."),
    ],
)
def test_a_row_that_the_service_would_refuse_says_why(cells: str, fault: str, features: Any, tmp_path: Path) -> None:
    table = opened(HEAD + cells + "\n1.5,2,1,low\n", features, tmp_path)
    bad, good = table.lines()
    assert bad.instance is None
    assert table.place(bad) == fault
    assert good == Line(2, GOOD)


@pytest.mark.parametrize("cells", ["1,2,true", "1,2,true,low,5"])
def test_a_row_of_another_width_says_so(cells: str, features: Any, tmp_path: Path) -> None:
    table = opened(HEAD + ROW * 5 + cells + "\n" + ROW, features, tmp_path)
    lines = list(table.lines())
    (bad,) = [line for line in lines if line.instance is None]
    assert len(lines) == 7
    assert table.place(bad).startswith("line 7: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("age,age,member\n1,2,3\n", "Received twice: age"),
        ("level,hours-per-week\nlow,2\n", "expected the column(s) age, member, which the model needs. Received the"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(text: str, message: str, features: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"data\.csv: ") as caught:
        opened(text, features, tmp_path)
    assert message in str(caught.value)


def test_an_optional_column_may_be_absent(features: Any, tmp_path: Path) -> None:
    table = opened("age,member,level\n1.5,true,low\n", features, tmp_path)
    assert table.absent == ("hours-per-week",)
    assert [line.instance for line in table.lines()] == [{"age": 1.5, "member": True, "level": "low"}]
    assert math.isclose(table.read_share, 1)


WISHED = [Wanted("price", False, float), Wanted("when", False, str), Wanted("kind", True, str)]
GERMAN = Rules(
    missing=("-",),
    columns={
        "price": ColumnRule(number=NumberForm(decimal=",", thousands=".", affix="€")),
        "when": ColumnRule(date=DateForm(order="dmy")),
    },
)


def test_a_further_file_is_read_by_the_rules_of_the_first(tmp_path: Path) -> None:
    text = "price;when;kind\n1.234,50 €;31.12.2023;a\n7,00 €;01.02.2024;-\n"
    instances = [line.instance for line in opened(text, WISHED, tmp_path, GERMAN).lines()]
    assert instances == [
        {"price": 1234.5, "when": "2023-12-31", "kind": "a"},
        {"price": 7.0, "when": "2024-02-01"},
    ]


def test_what_does_not_fit_its_rule_is_refused_as_it_stands(tmp_path: Path) -> None:
    table = opened("price;when;kind\n7 EUR;01.02.2024;a\n7,5;01.02.2024;b\n", WISHED, tmp_path, GERMAN)
    bad, good = table.lines()
    assert "'7 EUR'" in table.place(bad)
    assert good.instance == {"price": 7.5, "when": "2024-02-01", "kind": "b"}


def test_values_of_parquet_need_no_rule(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    columns = {"price": [1234.5, 7.0], "when": [date(2023, 12, 31), date(2024, 2, 1)], "kind": ["a", None]}
    pyarrow.parquet.write_table(pa.table(columns), path)
    instances = [line.instance for line in open_table(path, WISHED, GERMAN).lines()]
    assert instances == [
        {"price": 1234.5, "when": "2023-12-31", "kind": "a"},
        {"price": 7.0, "when": "2024-02-01"},
    ]


def test_each_different_text_of_a_column_is_read_once_by_its_rule() -> None:
    read: list[str] = []

    def value(text: str) -> float:
        read.append(text)
        return float(text)

    texts = pa.array(["1.234,5", None, "soon", "1.234,5"])
    found = read_once(texts, Wanted("price", optional=True, read=value), GERMAN.columns["price"])
    values = [found.values[at] for at in found.of_row.tolist()]
    assert [values[0], values[1], values[3]] == [1234.5, None, 1234.5]
    assert str(values[2]).startswith("`price`: expected could not convert")
    assert read == ["1234.5", "soon"]


@pytest.mark.parametrize("column", [pa.array([1.234, 56.0]), pa.array([1.234, 56.0]).dictionary_encode()])
def test_numbers_as_such_are_not_read_by_the_rule_of_texts(column: Any) -> None:
    """Or 1.234 would be 1,234 where points stand for thousands."""
    found = read_once(column, Wanted("price", optional=False, read=float), GERMAN.columns["price"])
    assert [found.values[at] for at in found.of_row.tolist()] == [1.234, 56.0]
