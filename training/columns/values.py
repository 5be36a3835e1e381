"""Values: a column as Arrow read it -> cells: floats with NaN for missing, or text with "" for missing."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas.api import types

from app.sources import numbers
from app.sources.rules import PLAIN, ColumnRule

FLOAT32_MAX = float(np.finfo(np.float32).max)


def floats(values: pa.Array, rule: ColumnRule) -> NDArray[np.float64]:
    """Return numbers, in the column's notation where the file holds text: (rows,)."""
    if pa.types.is_string(values.type):
        values = numbers.read(values, rule.number or PLAIN)
    found: NDArray[np.float64] = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found


def finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take what is infinite, or too large for 32 bits, as missing: (rows,)."""
    return np.where(np.abs(values) <= FLOAT32_MAX, values, np.nan)


def texts(values: pa.StringArray) -> NDArray[Any]:
    """Return text; equal words are one object: (rows,)."""
    encoded = pc.dictionary_encode(pc.fill_null(values, ""))
    words = np.array(encoded.dictionary.to_pylist(), object)
    found: NDArray[Any] = words[encoded.indices.to_numpy()] if len(words) else np.empty(0, object)
    return found


def is_number(series: pd.Series) -> bool:
    """Say whether a column holds numbers."""
    return bool(types.is_numeric_dtype(series)) and not types.is_bool_dtype(series)


def as_text(series: pd.Series) -> pd.Series:
    """Return text with "" for missing, as a person would write it: whole numbers without a point, truths small."""
    if is_number(series):
        return series.map(number_text, na_action="ignore").astype(object).fillna("")
    if types.is_bool_dtype(series):
        series = series.map({True: "true", False: "false"})
    return series.astype(object).map(str, na_action="ignore").astype(object).fillna("")


def number_text(value: float) -> str:
    """Write a number as a person would: 1, not 1.0."""
    return str(int(value)) if np.isfinite(value) and value == np.floor(value) else repr(float(value))


def is_whole(series: pd.Series) -> bool:
    """Say whether every number in the column is an integer."""
    values = series.dropna().to_numpy(dtype="float64")
    return bool(np.isfinite(values).all() and (values == np.floor(values)).all())


def is_empty_text(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which texts stand for missing: (rows,)."""
    found: NDArray[np.bool_] = values == ""
    return found


def is_missing(cells: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which cells are missing, whichever they are: (rows,)."""
    return is_empty_text(cells) if cells.dtype == object else np.isnan(cells)
