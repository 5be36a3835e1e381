import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from app.sources.rules import ColumnRule
from tests.training.features.described import described
from training.features.base import Content
from training.features.registry import feature_type

NUMBER = feature_type("number")


def objection(name: str, values: object) -> str | None:
    cells = pd.Series(values, name=name, dtype="float64")
    summary = NUMBER.summary()
    summary.add(cells.to_numpy())
    return NUMBER.objection(Content(summary, cells.nunique()), name)


MOMENTS = pd.DataFrame({"t": 1.7e12 + np.arange(200.0) * 7, "x": np.arange(200.0) / 3})


def test_all_numbers_are_doubles_where_one_of_them_needs_it() -> None:
    features = described(MOMENTS, {"t": "number", "x": "number"})
    (tensor,) = features.tensors
    assert tensor.dtype == "float64"
    arrays = features.arrays(MOMENTS)
    np.testing.assert_array_equal(arrays["numeric"], MOMENTS.to_numpy())
    assert features.manifest("t")["dtype"] == features.manifest("x")["dtype"] == "float64"
    assert (features.manifest("t")["minimum"], features.manifest("t")["maximum"]) == (1.7e12, 1.7e12 + 1393)
    assert features.bins("t", arrays)["edges"][0] == 1.7e12 + 7 * 19
    assert features.table(arrays).numbers.dtype == np.float64
    words = [words for words, _ in features.slices("t", arrays, arrays)]
    assert words[1] == "above 1700000000278.6 to 1700000000557.2"


def test_numbers_stay_of_32_bits_where_that_tells_them_apart() -> None:
    features = described(MOMENTS, {"x": "number"})
    assert features.tensors[0].dtype == features.arrays(MOMENTS)["numeric"].dtype == "float32"
    assert "dtype" not in features.manifest("x")
    left = described(MOMENTS, {"t": "number", "x": "number"}).without(["t"])  # fitted again, its arrays stay doubles
    assert left.tensors[0].dtype == left.arrays(MOMENTS)["numeric"].dtype == "float64"


def test_infinite_and_too_large_numbers_are_missing() -> None:
    cells = NUMBER.cells(pa.array([1.0, np.inf, -np.inf, 1e39]), ColumnRule())
    assert NUMBER.is_missing(cells).tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("a", [3.0] * 30, "same value"),
        ("a", [np.nan] * 30, "missing"),
        ("a", range(100, 130), "numbers the rows"),
        ("PassengerId", [i * i for i in range(30)], "identifier"),
        ("a", [*range(100, 130), 100, 101], "numbers the rows"),  # though some rows come again
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
