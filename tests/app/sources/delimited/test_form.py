"""The form of a CSV file: each kind that people reported, read as meant and said, or refused by its cause."""

from pathlib import Path

import pytest

from app.sources.errors import SourceError
from app.sources.source import Wishes, open_source
from tests.app.sources.reading import columns_of, read, rejected_of, written

BODY = "1.5,red,25,no\n2.5,green,37,yes\n3.5,blue,13,no\n4.5,red,35,no\n5.5,blue,7,yes\n"
HEAD = "amount,colour,count,bought\n"
AMOUNTS = ["1.5", "2.5", "3.5", "4.5", "5.5"]
NAMES = ["amount", "colour", "count", "bought"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    assert read(tmp_path, f"a{delimiter}b\n1{delimiter}2\n") == {"a": ["1"], "b": ["2"]}


def test_what_stands_in_quotes_divides_nothing(tmp_path: Path) -> None:
    text = '"size, in cm, dry";"weight, kg"\n1;2\n'
    assert read(tmp_path, text) == {"size, in cm, dry": ["1"], "weight, kg": ["2"]}


def test_a_decimal_comma_divides_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "a;b\n1,5;2,5\n3,5;4,5\n") == {"a": ["1,5", "3,5"], "b": ["2,5", "4,5"]}


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("# created 4/22/2025\n", "line 1 stands before the names and is left out: '# created 4/22/2025'"),
        ("# one\n# unit: EUR, count\n#\n", "lines 1 to 3 stand before"),
        ("# a, b, c, d\n", "line 1 stands before"),
        ("// made by a meter\n", "line 1 stands before"),
        ("% made by a meter\n\n", "lines 1 to 2 stand before"),
        ("Sales report 2024,,,\n,,,\n", "lines 1 to 2 stand before"),
        ("Sales report 2024\n\n", "lines 1 to 2 stand before"),
        ("Station,Bonn\nYear,2024\n", "lines 1 to 2 stand before"),
        ("sep=,\n", "line 1 names the delimiter ('sep=,')"),
        ('"sep=,"\r\n', "line 1 names the delimiter"),
        ("sep=,\n# and a comment\n", "line 2 stands before"),
    ],
)
def test_lines_before_the_names_are_left_out_and_said(tmp_path: Path, before: str, said: str) -> None:
    assert read(tmp_path, before + HEAD + BODY)["amount"] == AMOUNTS
    remarks = open_source(tmp_path / "rows.csv").remarks
    assert said in " ".join(remarks)


@pytest.mark.parametrize("first", ["#id,word\n", "# id,word\n"])
def test_a_header_may_begin_with_the_mark_of_comments(tmp_path: Path, first: str) -> None:
    columns = read(tmp_path, first + "1,x\n2,y\n")
    assert list(columns) == [first.partition(",")[0], "word"]
    assert columns["word"] == ["x", "y"]


def test_words_under_a_narrow_header_are_no_second_header(tmp_path: Path) -> None:
    path = written(tmp_path, "name,town\nann,Bonn,x\nbob,Köln,y\n")
    with pytest.raises(
        SourceError, match=r"expected 2 cells in each line, as in the first\. Received: 3 in line 2, and 1"
    ):
        open_source(path)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "^"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sep_is_obeyed_with_a_mark_before_the_text_too(tmp_path: Path, delimiter: str, end: str) -> None:
    text = f"sep={delimiter}\n" + (HEAD + BODY).replace(",", delimiter)
    assert read(tmp_path, "\ufeff" + text.replace("\n", end))["bought"][:2] == ["no", "yes"]
    assert read(tmp_path, text.encode("utf-16"))["bought"][:2] == ["no", "yes"]


def test_units_under_the_names_are_left_out_and_said(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + "EUR,name,pieces,yes/no\n" + BODY)["amount"] == AMOUNTS
    said = "line 2 stands between names and numbers and is left out: 'EUR,name,pieces,yes/no'"
    assert open_source(tmp_path / "rows.csv").remarks == (said,)


@pytest.mark.parametrize("row", ["unknown,red,25,no\n", "EUR,red,pieces,no\n", "NA,green,NA,yes\n"])
def test_a_row_that_may_be_data_is_no_line_of_units(tmp_path: Path, row: str) -> None:
    assert len(read(tmp_path, HEAD + row + BODY)["amount"]) == 6


@pytest.mark.parametrize("tail", [",", ",,", ", "])
def test_lines_that_end_in_a_delimiter_lose_nothing(tmp_path: Path, tail: str) -> None:
    text = HEAD + BODY.replace("\n", f"{tail}\n")
    columns = read(tmp_path, text)
    assert {name: columns[name] for name in NAMES}["bought"] == ["no", "yes", "no", "no", "yes"]
    source = open_source(tmp_path / "rows.csv")
    assert source.unnamed == frozenset(list(columns)[4:]) != frozenset()
    assert "lines end in a delimiter" in source.remarks[0]


def test_some_lines_that_end_in_a_delimiter_are_said_once_they_are_read(tmp_path: Path) -> None:
    text = HEAD + BODY.replace("37,yes", "37,yes,").replace("35,no", "35,no,,")
    assert read(tmp_path, text)["bought"] == ["no", "yes", "no", "no", "yes"]
    source = open_source(tmp_path / "rows.csv")
    assert not source.remarks
    assert rejected_of(source) == []
    assert source.remarks == ("2 lines end in more delimiters than the names: the empty last cells are left out",)


def test_a_column_without_a_name_gets_one(tmp_path: Path) -> None:
    source = open_source(written(tmp_path, "\u00a0 ,column 1,b,\n1,2,3,\n"))
    assert source.names == ("column 1_", "column 1", "b", "column 4")
    assert source.unnamed == {"column 1_", "column 4"}


def test_cells_without_a_name_may_lack(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b,\n1,2,\n3,4\n5,6,\n")["b"] == ["2", "4", "6"]


@pytest.mark.parametrize(
    ("text", "cell", "said"),
    [
        ('note,y\n"say \\"hi\\", 1",b\n"x",c\n', 'say "hi", 1', "with a backslash"),
        ("note,y\n'a, 1',b\n'a, 2',c\n", "a, 1", "in single quotes"),
        ("note,y\n'a',b\n'b',c\n", "a", "in single quotes"),
        ('note,y\n"a ""x"", 1",b\n"c",d\n', 'a "x", 1', ""),
        ("note,y\nO'Brien,b\n'tis,c\n", "O'Brien", ""),
        ('note\ty\n"Swing it" magistern\tb\nThe "Teacher"\tc\n', '"Swing it" magistern', "first in line 2"),
        ('note\ty\n"Giliap\tb\nx\tc\nHe said "no"\td\n', '"Giliap', "first in line 2"),
    ],
)
def test_quotes_are_read_as_meant(tmp_path: Path, text: str, cell: str, said: str) -> None:
    assert read(tmp_path, text)["note"][0] == cell
    assert said in " ".join(open_source(tmp_path / "rows.csv").remarks)


def test_quotes_that_do_not_pair_are_refused_with_their_line(tmp_path: Path) -> None:
    text = 'a,b\n1,2\n"x" y,"1,5"\n"z",3\n'
    with pytest.raises(SourceError, match=r"letters behind a closing quote, first in line 3.*--no-quotes"):
        open_source(written(tmp_path, text))


def test_quotes_that_do_not_pair_late_in_the_sample_are_letters_in_all_of_it(tmp_path: Path) -> None:
    text = "note\ty\n" + '"all"\tb\n' * 3000 + '"Swing it" magistern\tb\n'
    source = open_source(written(tmp_path, text))
    assert set(columns_of(source)["note"]) == {'"all"', '"Swing it" magistern'}
    assert source.remarks == ("quotes are read as letters: they do not pair around cells, first in line 3002",)
    assert source.rules.quote == ""


def test_no_quotes_leaves_them(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,b\n"x",2\n"y,3\n', quotes=False)["a"] == ['"x"', '"y']


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_lines_end_in_any_way(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, (HEAD + BODY).replace("\n", end))["amount"] == AMOUNTS
    mixed = HEAD.replace("\n", end) + BODY
    assert read(tmp_path, mixed)["amount"] == AMOUNTS


def test_a_name_may_hold_a_line_break(tmp_path: Path) -> None:
    columns = read(tmp_path, '"amount\n(EUR)",b\n"1\n2",3\n')
    assert columns == {"amount (EUR)": ["1\n2"], "b": ["3"]}
    assert "line breaks within names" in open_source(tmp_path / "rows.csv").remarks[0]


@pytest.mark.parametrize("end", ["\x1a", "\x1a\n", "\n\x1a"])
def test_the_old_mark_of_an_end_is_left_out_and_said(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, HEAD + BODY + end)["amount"] == AMOUNTS
    source = open_source(tmp_path / "rows.csv")
    assert rejected_of(source) == []
    assert "Ctrl-Z" in " ".join(source.remarks)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(range(1, 256)) * 8, "bytes that are not text, first in line 1"),
        (b"a,b\n1,\0x\n1,2\n", "first in line 2: 0x00.*remove them"),
        (b"a,b\n" + b"1,2\n" * 90_000 + b"\0,2\n", r"not text, first in line 90002: 0x00"),
        (b"", "an empty file"),
        (b"\n\n", "an empty file"),
        (b"a,b\n", "expected rows.* 0 rows of 2 columns"),
        (b"hello world\nthis is text\n", "divided by one of.*'hello world'"),
        (b"a^b\n1^2\n", "divided by one of"),
        (b"a,b,a\n1,2,3\n", "Received twice: a"),
        (b"a, a\n1,2\n", "Received twice: a"),
        (b"5.1,3.5\n4.9,3.0\n", "Received only numbers: 5.1, 3.5"),
        (b"a,b,c\n1,2,3,4\n5,6,7,8\n", "expected 3 cells.*Received: 4 in line 2, and 1 more such lines"),
    ],
)
def test_what_is_no_table_is_refused_by_its_cause(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message) as error:
        columns_of(open_source(written(tmp_path, content), Wishes()))
    assert "rows.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_blanks_before_a_quote_are_left_out_and_said(tmp_path: Path) -> None:
    text = 'a, b\n1, "x, y"\n2, "x ""z""\nw"\n 3, 4\n\n5\n'
    assert read(tmp_path, text) == {"a": ["1", "2", "3"], "b": ["x, y", 'x "z"\nw', "4"]}
    source = open_source(tmp_path / "rows.csv")
    assert [(each.row, each.line) for each in rejected_of(source)] == [(4, 7)]
    assert "blanks between a delimiter and a quote" in source.remarks[0]


LONG = '"x, y",1,2\n' * 2_000  # beyond the first look


@pytest.mark.parametrize("line", ['"x" y,1,2\n', '"x""" y,1,2\n', '"x,1,2\n'])
def test_a_quote_that_does_not_pair_is_refused_however_late(tmp_path: Path, line: str) -> None:
    source = open_source(written(tmp_path, f"a,b,c\n{LONG}{line}{LONG}"))
    with pytest.raises(SourceError, match=r"closing quote, first in line 2002.*--no-quotes"):
        columns_of(source)


@pytest.mark.parametrize(
    "line", ['6" pipe,1,2\n', 'a "b",1,2\n', '"x""",1,2\n', '"""x""",1,2\n', '"" ,1,2\n', '"x\n",1,2\n']
)
def test_quotes_within_cells_are_letters_however_late(tmp_path: Path, line: str) -> None:
    assert len(columns_of(open_source(written(tmp_path, f"a,b,c\n{LONG}{line}{LONG}")))["a"]) == 4_001


def test_a_cell_as_wide_as_the_table_is_said(tmp_path: Path) -> None:
    text = 'a,b,c\n1,x,2\n2,"y,3\n3,z,4\n4,w",5\n5,"some, text\nof a person",6\n6,"v,1\n2,u",7\n'
    assert len(read(tmp_path, text)["a"]) == 4
    source = open_source(tmp_path / "rows.csv")
    columns_of(source)
    assert source.remarks[-1].startswith("2 rows hold whole lines in quotes, first in line 3: if quotes are letters")


def test_a_quote_that_never_closes_is_refused_however_late(tmp_path: Path) -> None:
    text = f'a,b,c\n{LONG}1,2,"x\n' + "3,4,5\n" * 9
    with pytest.raises(SourceError, match="a quote that never closes, first in line 2002"):
        columns_of(open_source(written(tmp_path, text)))
