"""Values: the cells of a column as pandas or Arrow read it -> numbers, truths or text, whatever the file wrote."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api import types

BOOLEANS = {"true": 1.0, "false": 0.0}  # in any case of letters
SPELLINGS = 48  # of two words in any case of letters: 2^4 and 2^5
FLOAT32_MAX = float(np.finfo(np.float32).max)


def is_text(values: Any) -> bool:
    """Say whether an array of Arrow holds text."""
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def is_number(series: pd.Series) -> bool:
    """Say whether pandas read numbers."""
    return bool(types.is_numeric_dtype(series)) and not types.is_bool_dtype(series)


def parsed_numbers(series: pd.Series) -> pd.Series | None:
    """Return values that are numbers, or written as such; None when one of them is none."""
    if is_boolean(series):
        return None
    try:
        return pd.to_numeric(series).astype("float64")
    except (ValueError, TypeError):
        return None


def is_boolean(series: pd.Series) -> bool:
    """Say whether every value is true or false, as a word or as such, and there is one."""
    if types.is_bool_dtype(series):
        return True
    if types.is_numeric_dtype(series) or types.is_datetime64_any_dtype(series):
        return False
    words = series.dropna().unique()[: SPELLINGS + 1]
    return 0 < len(words) <= SPELLINGS and {str(word).lower() for word in words} <= BOOLEANS.keys()


def as_numbers(series: pd.Series) -> pd.Series:
    """Return float64 with NaN for missing, infinite or too large for the 32 bits of a graph."""
    numbers = pd.Series(series.to_numpy(dtype="float64", na_value=np.nan), index=series.index, name=series.name)
    return numbers.where(numbers.abs() <= FLOAT32_MAX)


def as_truths(series: pd.Series) -> pd.Series:
    """Return float64, 1 for true and 0 for false, with NaN for missing."""
    if types.is_bool_dtype(series):
        return as_numbers(series)
    return series.map(lambda value: BOOLEANS[str(value).lower()], na_action="ignore").astype("float64")


def as_text(series: pd.Series) -> pd.Series:
    """Return text with "" for missing, as a person would write it: whole numbers without a point, booleans small."""
    if types.is_bool_dtype(series):
        series = series.map({True: "true", False: "false"})
    elif types.is_float_dtype(series) and is_whole(series):
        series = series.astype("Int64")
    return series.astype(object).map(str, na_action="ignore").astype(object).fillna("")


def is_whole(series: pd.Series) -> bool:
    """Say whether every number in the column is an integer."""
    values = series.dropna().to_numpy(dtype="float64")
    return bool(np.isfinite(values).all() and (values == np.floor(values)).all())


def is_empty_text(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which texts stand for missing: (rows,)."""
    found: NDArray[np.bool_] = values == ""
    return found
