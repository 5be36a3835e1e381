import numpy as np
import pandas as pd
import pytest

from training.columns.values import as_text, convert, infer, reason_to_drop


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([1, 2, 3], "number"),
        ([1.5, None], "number"),
        ([True, False], "boolean"),
        (["True", "FALSE", None], "boolean"),
        (["true", "false", "maybe"], "string"),
        (["a", "b"], "string"),
        (["1", "b"], "string"),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]), "string"),
    ],
)
def test_types_are_inferred_from_all_values(values: list[object], type_: str) -> None:
    assert infer(pd.Series(values)) == type_


def test_booleans_become_one_and_zero_with_nan_for_missing() -> None:
    np.testing.assert_equal(convert(pd.Series(["True", "false", None]), "boolean").to_numpy(), [1.0, 0.0, np.nan])


def test_infinite_and_too_large_numbers_are_missing() -> None:
    assert convert(pd.Series([1.0, np.inf, -np.inf, 1e39]), "number").isna().tolist() == [False, True, True, True]


def test_text_of_whole_numbers_has_no_point() -> None:
    assert as_text(pd.Series([1.0, 2.0, None])).tolist() == ["1", "2", ""]
    assert as_text(pd.Series([True, False])).tolist() == ["true", "false"]
    assert as_text(pd.Series([1.5, 2.0])).tolist() == ["1.5", "2.0"]


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("a", [3.0] * 30, "same value"),
        ("a", [np.nan] * 30, "missing"),
        ("a", range(100, 130), "numbers the rows"),
        ("PassengerId", [i * i for i in range(30)], "identifier"),
        ("user_id", [i * i for i in range(30)], "identifier"),
        ("Unnamed: 0", [i * i for i in range(30)], "identifier"),
        ("a", [f"name {i}" for i in range(30)], "nearly every value"),
        ("a", [""] * 30, "missing"),
    ],
)
def test_columns_that_say_nothing_are_dropped(name: str, values: list[object], reason: str) -> None:
    series = pd.Series(values, name=name)
    found = reason_to_drop(series, "string" if isinstance(series.iloc[0], str) else "number")
    assert found is not None
    assert reason in found


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("width", [i * i for i in range(30)]),  # whole and unique, but a quantity by its name
        ("id", [1, 1, 2] * 10),
        ("a", [0.5 + i for i in range(30)]),
        ("paid", [i * i for i in range(30)]),
        ("a", [3.0, np.nan] * 15),  # constant, but its gaps say something
        ("a", ["x", "y", "z"] * 10),
    ],
)
def test_columns_that_may_say_something_stay(name: str, values: list[object]) -> None:
    series = pd.Series(values, name=name)
    assert reason_to_drop(series, "string" if isinstance(series.iloc[0], str) else "number") is None
