import numpy as np
import pandas as pd
import pyarrow as pa

from app.sources.rules import ColumnRule, NumberForm
from training.columns.values import as_text, finite, floats, is_missing, texts


def test_infinite_and_too_large_numbers_are_missing() -> None:
    assert np.isnan(finite(np.array([1.0, np.inf, -np.inf, 1e39, np.nan]))).tolist() == [False, *[True] * 4]


def test_numbers_are_read_in_the_notation_of_their_column() -> None:
    german = ColumnRule(number=NumberForm(decimal=",", thousands="."))
    np.testing.assert_equal(floats(pa.array(["1.234,5", None]), german), [1234.5, np.nan])
    np.testing.assert_equal(floats(pa.array([1, None]), ColumnRule()), [1.0, np.nan])


def test_equal_texts_are_one_object_and_missing_ones_are_blank() -> None:
    found = texts(pa.array(["red", None, "red"]))
    assert found.tolist() == ["red", "", "red"]
    assert found[0] is found[2]
    assert texts(pa.array([], pa.string())).tolist() == []


def test_text_of_whole_numbers_has_no_point() -> None:
    assert as_text(pd.Series([1.0, 2.5, None, 3e20])).tolist() == ["1", "2.5", "", "300000000000000000000"]
    assert as_text(pd.Series(["a", None])).tolist() == ["a", ""]


def test_missing_cells_are_found_whichever_they_are() -> None:
    assert is_missing(np.array(["", "a"], object)).tolist() == [True, False]
    assert is_missing(np.array([np.nan, 0.0])).tolist() == [True, False]
