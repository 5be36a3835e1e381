import gzip
from pathlib import Path

import pandas as pd
import pytest

from training.errors import DataError
from training.load import load


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
