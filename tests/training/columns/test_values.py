import numpy as np
import pandas as pd
import pytest

from training.columns.values import as_numbers, as_text, as_truths, is_boolean, is_number


@pytest.mark.parametrize(
    ("values", "number", "boolean"),
    [
        ([1, 2.5, None], True, False),
        ([True, False], False, True),
        (["True", "FALSE", None], False, True),
        (["true", "false", "TRUE", "maybe"], False, False),
        (["1", "2"], False, False),
        ([None, None], False, False),
        (pd.to_datetime(["2024-01-01"]), False, False),
    ],
)
def test_numbers_and_truths_are_told_from_the_rest(values: list[object], number: bool, boolean: bool) -> None:
    series = pd.Series(values)
    assert (is_number(series), is_boolean(series)) == (number, boolean)


def test_infinite_and_too_large_numbers_are_missing() -> None:
    assert as_numbers(pd.Series([1.0, np.inf, -np.inf, 1e39])).isna().tolist() == [False, True, True, True]


def test_truths_are_one_and_zero_with_nan_for_missing() -> None:
    np.testing.assert_equal(as_truths(pd.Series(["True", "false", None])).to_numpy(), [1.0, 0.0, np.nan])


def test_text_of_whole_numbers_has_no_point() -> None:
    assert as_text(pd.Series([1.0, 2.0, None])).tolist() == ["1", "2", ""]
    assert as_text(pd.Series([True, False])).tolist() == ["true", "false"]
    assert as_text(pd.Series([1.5, 2.0])).tolist() == ["1.5", "2.0"]
