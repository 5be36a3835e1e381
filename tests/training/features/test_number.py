import numpy as np
import pandas as pd
import pytest

from tests.training.features.described import described
from training.features.base import Content
from training.features.registry import feature_type

NUMBER = feature_type("number")


def objection(name: str, values: object) -> str | None:
    cells = pd.Series(values, name=name, dtype="float64")
    summary = NUMBER.summary()
    summary.add(cells.to_numpy())
    return NUMBER.objection(Content(summary, cells.nunique()), name)


def test_infinite_and_too_large_numbers_are_missing() -> None:
    cells = NUMBER.convert(pd.Series([1.0, np.inf, -np.inf, 1e39]))
    assert NUMBER.is_missing(cells.to_numpy()).tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("a", [3.0] * 30, "same value"),
        ("a", [np.nan] * 30, "missing"),
        ("a", range(100, 130), "numbers the rows"),
        ("PassengerId", [i * i for i in range(30)], "identifier"),
        ("user_id", [i * i for i in range(30)], "identifier"),
        ("Unnamed: 0", [i * i for i in range(30)], "identifier"),
    ],
)
def test_columns_that_say_nothing_are_dropped(name: str, values: list[float], reason: str) -> None:
    found = objection(name, values)
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
    ],
)
def test_columns_that_may_say_something_stay(name: str, values: list[float]) -> None:
    assert objection(name, values) is None


@pytest.mark.parametrize(("cell", "value"), [(np.nan, None), (39.0, 39), (0.5, 0.5), (2.0**60, 2.0**60)])
def test_a_caller_sends_whole_numbers_without_a_point(cell: float, value: object) -> None:
    assert NUMBER.value(cell) == value
    assert type(NUMBER.value(cell)) is type(value)
    np.testing.assert_equal(NUMBER.cell(value), cell)


def test_slices_are_fifths_of_the_training_rows_and_the_gaps() -> None:
    features = described(pd.DataFrame({"a": np.arange(100.0)}), {"a": "number"})
    trained = {"numeric": np.arange(100, dtype=np.float32)[:, None]}
    rows = {"numeric": np.array([[-5.0], [30.0], [np.nan], [500.0]], np.float32)}
    found = {words: mask.tolist() for words, mask in features.slices("a", trained, rows)}
    assert len(found) == 6
    assert found["to 19.8"] == [True, False, False, False]
    assert found["above 79.2"] == [False, False, False, True]
    assert found["missing"] == [False, False, True, False]


def test_the_manifest_has_the_ends_as_32_bits_write_them() -> None:
    features = described(pd.DataFrame({"a": [0.1, 0.3]}), {"a": "number"})
    assert features.manifest("a") == {"tensor": "numeric", "column": 0, "minimum": 0.1, "maximum": 0.3}
