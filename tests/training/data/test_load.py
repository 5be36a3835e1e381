import gzip
from pathlib import Path

import pandas as pd
import pytest

from training.data.load import load
from training.errors import DataError


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("a, b,code\n1,x,007\n2,?,008\n3,,009\n")
    return path


def test_csv_gzip_and_parquet_hold_the_same_rows(csv: Path) -> None:
    zipped, parquet = csv.with_suffix(".csv.gz"), csv.with_suffix(".parquet")
    zipped.write_bytes(gzip.compress(csv.read_bytes()))
    frame = load(csv)
    frame.to_parquet(parquet)
    pd.testing.assert_frame_equal(frame, load(zipped))
    pd.testing.assert_frame_equal(frame, load(parquet))


def test_empty_cells_and_question_marks_are_missing_and_names_are_trimmed(csv: Path) -> None:
    frame = load(csv)
    assert list(frame.columns) == ["a", "b", "code"]
    assert frame["b"].isna().tolist() == [False, True, True]


def test_named_columns_keep_their_text(csv: Path) -> None:
    assert load(csv, ["code"])["code"].tolist() == ["007", "008", "009"]
    assert load(csv)["code"].tolist() == [7, 8, 9]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"a{delimiter}b\n1{delimiter}2\n")
    assert load(path).to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("binary.csv", bytes(range(1, 256)) * 8, "expected"),
        ("zeros.csv", b"a,b\0\0\n1,2\n", "expected"),
        ("latin.csv", "a,b\n1,é\n".encode("latin-1"), "UTF-8"),
        ("empty.csv", b"", "expected a CSV file"),
        ("header.csv", b"a,b\n", "expected rows"),
        ("prose.csv", b"hello world\nthis is text\n", "divided by"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n", "expected a CSV file"),
        ("broken.csv.gz", b"not gzip", "expected a CSV file"),
        ("cut.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999)[:-30], "expected a CSV file"),
        ("twice.parquet", b"PAR1 not really", "expected a Parquet file"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        load(path)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv, which is not a file"):
        load(Path("nowhere.csv"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("page.csv", b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        ("feed.csv", b'<?xml version="1.0"?><rows/>', "XML"),
        ("rows.csv", b'[{"a": 1}, {"a": 2}]', "JSON"),
        ("lines.csv", b'{"a": 1, "b": 2}\n{"a": 2, "b": 3}\n', "JSON"),
        ("book.csv", b"PK\x03\x04" + bytes(60), "Excel"),
        ("old.csv", b"\xd0\xcf\x11\xe0" + bytes(60), "Excel"),
        ("paper.csv", b"%PDF-1.7 and so on", "PDF"),
        ("columns.csv", b"PAR1" + bytes(60), "end in .parquet"),
        ("zipped.csv", gzip.compress(b"a,b\n1,2\n"), "end in .gz"),
        ("pointer.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("twice.csv", b"a,b,a\n1,2,3\n", "Received twice: a"),
        ("trimmed.csv", b"a, a\n1,2\n", "Received twice: a"),
        ("headless.csv", b"5.1,3.5\n4.9,3.0\n", "Received only numbers: 5.1, 3.5"),
        ("other.csv", b"a^b\n1^2\n", "divided by one of"),
        ("short.csv", b"a,b,c\n1,2,3\n4,5\n6,7,8\n9\n", "expected 3 cells .* Received: 2 in line 3, and 1 more"),
        ("trailing.csv", b"a,b\n1,2,\n3,4,\n", "expected 2 cells .* Received: 3 in line 2, and 1 more"),
    ],
)
def test_what_a_file_is_instead_is_said(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        load(path)
    assert name in str(error.value)


TOWNS = "town,rooms\nKöln,3\nDüsseldorf,4\nNîmes,2\n"


@pytest.mark.parametrize(("written", "said"), [("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("latin-1", "cp1252")])
def test_another_encoding_is_guessed_and_what_the_message_says_works(tmp_path: Path, written: str, said: str) -> None:
    path = tmp_path / "towns.csv"
    path.write_bytes(TOWNS.encode(written))
    with pytest.raises(DataError, match=rf"expected UTF-8 text.*--encoding {said}\.") as error:
        load(path)
    assert written != "latin-1" or "first in line 2. As cp1252 that line reads 'Köln,3'" in str(error.value)
    assert load(path, encoding=said)["town"].tolist() == ["Köln", "Düsseldorf", "Nîmes"]


def test_letters_that_are_wrong_late_in_a_compressed_file_are_found(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv.gz"
    path.write_bytes(gzip.compress(b"town,rooms\n" + b"Bonn,1\n" * 20000 + "Köln,3\n".encode("cp1252")))
    with pytest.raises(DataError, match=r"first in line 20002\."):
        load(path)


def test_an_encoding_that_nobody_knows_is_named(csv: Path) -> None:
    with pytest.raises(DataError, match=r"`--encoding`: expected utf-8.*Received: 'klingon'"):
        load(csv, encoding="klingon")


def test_what_stands_in_quotes_divides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('"size, in cm, dry";"weight, kg"\n1;2\n')
    assert load(path).to_dict("list") == {"size, in cm, dry": [1], "weight, kg": [2]}


def test_cells_missing_at_the_end_of_a_whole_line_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('a,b\n1,\n\n"two\nlines",3\n')
    assert load(path)["b"].isna().tolist() == [True, False]
