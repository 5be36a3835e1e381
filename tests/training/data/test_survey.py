"""What is found of a file by all of its rows, what a person may say instead, and what they are told."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from training.data.survey import Survey, survey
from training.errors import DataError
from training.options import Options

ROWS = 200


def surveyed(frame: pd.DataFrame, folder: Path, *, ending: str = "csv", **chosen: object) -> Survey:
    path = folder / f"rows.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    return survey(Options.of(data=path, target="y", **chosen).data, lambda _share: None)


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"size": np.arange(ROWS) / 7, **columns, "y": np.arange(ROWS) % 2})


def ages(text: int = 3) -> pd.DataFrame:
    return table(age=[*map(str, range(20, 20 + ROWS - text)), *["unknown"] * text])


def test_a_few_texts_among_numbers_are_refused_with_how_many_and_where(tmp_path: Path) -> None:
    message = r"`age`: 3 of 200 cells are text, such as 'unknown' in row 198 \(line 199\)\. .*--missing WORD.*--drop"
    with pytest.raises(DataError, match=message):
        surveyed(ages(), tmp_path)


def test_lines_are_those_of_the_file_where_cells_span_several(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 198 \(line 396\)"):
        surveyed(ages().assign(note="two\nlines"), tmp_path)


def test_missing_cells_do_not_count(tmp_path: Path) -> None:
    frame = ages()
    frame.loc[:9, "age"] = None
    with pytest.raises(DataError, match="3 of 190 cells are text, such as 'unknown' in row 198"):
        surveyed(frame, tmp_path)


@pytest.mark.parametrize(
    ("chosen", "type_"),
    [
        ({"missing": ("unknown",)}, "number"),
        ({"categorical": ("age",)}, "category"),
        ({"type": ("age=category",)}, "category"),
        ({"drop": ("age",)}, "category"),
    ],
)
def test_what_a_person_says_of_it_is_done(tmp_path: Path, chosen: dict[str, Any], type_: str) -> None:
    found = surveyed(ages(), tmp_path, **chosen)
    assert found.types["age"] == type_
    assert not found.warnings


def test_text_in_a_larger_part_is_said_only(tmp_path: Path) -> None:
    (said,) = surveyed(ages(text=60), tmp_path).warnings
    assert said.startswith("`age`: 60 of 200 cells are text, such as 'unknown' in row 141")


def test_few_different_values_are_a_category(tmp_path: Path) -> None:
    children = (["0", "1", "2", "0", "1", "0", "1", "2", "2", "3+"] * ROWS)[:ROWS]
    assert not surveyed(table(children=children), tmp_path).warnings


def test_words_of_parquet_are_words(tmp_path: Path) -> None:
    """Numbers have a type of their own there."""
    found = surveyed(ages(), tmp_path, ending="parquet")
    assert found.types["age"] == "category"
    assert not found.warnings


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["Yes", "yes", "no"], "differ in upper and lower case alone: 'Yes' (67), 'yes' (67)"),
        (["01", "1", "1.0"], "differ in how a number is written alone: '01' (67), '1' (67), '1.0' (66)"),
    ],
)
def test_words_that_hardly_differ_are_said(tmp_path: Path, values: list[str], said: str) -> None:
    frame = table(kind=(values * ROWS)[:ROWS])
    assert any(said in warning for warning in surveyed(frame, tmp_path).warnings)


def test_free_text_is_said(tmp_path: Path) -> None:
    notes = [f"a note of the customer number {row % 80} about nothing" for row in range(ROWS)]
    found = surveyed(table(note=notes), tmp_path)
    (said,) = found.warnings
    assert found.types["note"] == "category"
    assert said.startswith("`note` looks like free text (9 words a cell, such as 'a note of the customer")
    assert said.endswith("each value is taken as one name. Say --type note=text where it is")


def test_one_column_decides_for_those_that_leave_it_open(tmp_path: Path) -> None:
    people = [f"{100 + row}.{row:03}" for row in range(ROWS)]
    sales = [f"{row}.{row:03},50" for row in range(1, ROWS + 1)]
    whole = table(people=people, sales=sales).drop(columns="size")  # whose decimal points would prove another
    alone, beside = surveyed(whole.drop(columns="sales"), tmp_path), surveyed(whole, tmp_path)
    assert alone.written("people") == ""
    assert any("people" in warning for warning in alone.warnings)
    assert beside.written("people") == beside.written("sales") == "1.234,56"


def test_orders_and_notations_are_as_a_person_says(tmp_path: Path) -> None:
    frame = table(when=[f"0{1 + row % 9}/0{1 + row % 7}/2024" for row in range(ROWS)], amount=["1.234"] * ROWS)
    found = surveyed(frame, tmp_path, date_order="mdy", number_format="1.234,56")
    assert (found.types["when"], found.written("when")) == ("date", "mdy")
    assert found.written("amount") == "1.234,56"
    with pytest.raises(DataError, match="`--number-format`: expected"):
        surveyed(frame, tmp_path, number_format="soon")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("nothing=number", "expected one of the columns"),
        ("size=words", "expected size= one of number"),
        ("y=number", "the target"),
    ],
)
def test_a_type_that_cannot_be_is_refused(tmp_path: Path, asked: str, message: str) -> None:
    with pytest.raises(DataError, match=f"`--type`: .*{message}"):
        surveyed(table(), tmp_path, type=(asked,))


def test_a_row_of_another_width_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b,y\n" + "1,2,x\n" * 60 + "3,4\n5\n")
    with pytest.raises(DataError, match=r"expected 3 cells.* Received: 2 in line 62, '3,4', and 1 more such rows"):
        survey(Options.of(data=path, target="y").data, lambda _share: None)
