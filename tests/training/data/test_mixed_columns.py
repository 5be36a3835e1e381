import numpy as np
import pandas as pd
import pytest

from training.data.mixed_columns import examine
from training.errors import DataError


def ages(rows: int = 200, text: int = 3) -> pd.DataFrame:
    values = [*map(str, range(20, 20 + rows - text)), *["unknown"] * text]
    return pd.DataFrame({"age": values, "size": np.arange(rows) / 7})


def test_a_few_texts_among_numbers_are_refused_with_how_many_and_where() -> None:
    message = r"`age`: 3 of 200 cells are text, such as 'unknown' in row 198\. Empty these .*--categorical NAME.*--drop"
    with pytest.raises(DataError, match=message):
        examine(ages())


def test_missing_cells_do_not_count() -> None:
    frame = ages()
    frame.loc[:9, "age"] = None
    with pytest.raises(DataError, match="3 of 190 cells are text, such as 'unknown' in row 198"):
        examine(frame)


def test_what_was_chosen_to_be_text_is_left_alone() -> None:
    assert examine(ages(), leave=["age"]) == ()


def test_text_in_a_larger_part_is_said_only() -> None:
    assert examine(ages(text=60)) == ("`age`: 60 of 200 cells are text, such as 'unknown' in row 141",)


def test_few_different_values_are_a_category() -> None:
    assert examine(pd.DataFrame({"children": ["0", "1", "2", "0", "1", "0", "1", "2", "2", "1", "0", "3+"] * 9})) == ()


@pytest.mark.parametrize("form", ["{},5", "{} %", "$ {}", "1'{}00"])
def test_numbers_in_another_notation_are_said(form: str) -> None:
    (remark,) = examine(pd.DataFrame({"price": [form.format(number) for number in range(10, 99)]}))
    assert remark.startswith("`price`: numbers in a notation that is read as text, such as ")
    assert form.format(10) in remark or repr(form.format(10)) in remark


def test_names_dates_and_truths_are_not_mixed() -> None:
    frame = pd.DataFrame({"name": [f"name {i}" for i in range(99)], "good": [True, False, True] * 33})
    frame["day"] = pd.date_range("2024-01-01", periods=99)
    assert examine(frame) == ()
