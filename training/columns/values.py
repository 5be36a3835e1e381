"""Columns: what a column holds, and whether a model can learn from it.

    series ─ infer ─> number | boolean | string ─ convert ─> the values a tensor holds
                                                └ reason_to_drop ─> None or why

It knows nothing about files, splits or networks.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api import types

ColumnType = Literal["number", "boolean", "string"]

BOOLEANS = {"true": 1.0, "false": 0.0}  # in any case of letters
FLOAT32_MAX = float(np.finfo(np.float32).max)
IDENTIFIER_SHARE = 0.9  # of different values among the strings: names, keys, free text
IDENTIFIER_MIN_ROWS = 20  # below, "nearly all different" says little
IDENTIFIER_NAME = re.compile(r"(^|[_\s.-])(id|ids|uid|uuid|guid|index|key|rownum|row)$|^unnamed: ?\d+$", re.IGNORECASE)
CAMEL_IDENTIFIER_NAME = re.compile(r"[a-z](Id|ID)$")  # customerID, PassengerId


def infer(series: pd.Series) -> ColumnType:
    """Say what a column holds; whatever is neither a number nor true/false is a string."""
    if types.is_bool_dtype(series):
        return "boolean"
    if types.is_numeric_dtype(series):
        return "number"
    words = {str(value).lower() for value in series.dropna().unique()[:3]}
    return "boolean" if words and words <= BOOLEANS.keys() else "string"


def convert(series: pd.Series, type_: ColumnType) -> pd.Series:
    """Return float64 with NaN for missing (booleans as 1 and 0), or text with "" for missing."""
    if type_ == "string":
        return as_text(series)
    if type_ == "boolean" and not types.is_bool_dtype(series):
        return series.map(lambda value: BOOLEANS[str(value).lower()], na_action="ignore").astype("float64")
    numbers = pd.Series(series.to_numpy(dtype="float64", na_value=np.nan), index=series.index, name=series.name)
    return numbers.where(numbers.abs() <= FLOAT32_MAX)  # infinite, or too large for the graph: missing


def as_text(series: pd.Series) -> pd.Series:
    """Return text as a person would write it: whole numbers without a point, booleans in small letters."""
    if types.is_bool_dtype(series):
        series = series.map({True: "true", False: "false"})
    elif types.is_float_dtype(series) and is_whole(series):
        series = series.astype("Int64")
    return series.astype(object).map(str, na_action="ignore").fillna("")


def is_whole(series: pd.Series) -> bool:
    """Say whether every number in the column is an integer."""
    values = series.dropna().to_numpy(dtype="float64")
    return bool(np.isfinite(values).all() and (values == np.floor(values)).all())


@dataclass(frozen=True)
class Content:
    """What decides whether a model can learn from a column."""

    rows: int
    present: int  # rows that are not missing
    different: int  # values
    minimum: float = 0.0  # of a number column, as are the next two
    maximum: float = 0.0
    is_whole: bool = False


def reason_to_drop(series: pd.Series, type_: ColumnType) -> str | None:
    """Say why a model cannot learn from a converted column, or None."""
    present = series[series != ""] if type_ == "string" else series.dropna()
    content = Content(len(series), len(present), present.nunique())
    if type_ != "string" and len(present):
        content = replace(content, minimum=present.min(), maximum=present.max(), is_whole=is_whole(present))
    return objection(content, str(series.name), type_)


def objection(content: Content, name: str, type_: ColumnType) -> str | None:
    """Say why a model cannot learn from a column of this content, or None."""
    if content.different == 0:
        return "every cell is missing"
    if content.different == 1 and content.present == content.rows:
        return "the same value in every row"
    if type_ == "string":
        many = content.present >= IDENTIFIER_MIN_ROWS and content.different > IDENTIFIER_SHARE * content.present
        return f"nearly every value is different ({content.different} of {content.present})" if many else None
    return _number_identifies(content, name)


def _number_identifies(content: Content, name: str) -> str | None:
    """A number column that numbers the rows: unique integers, without gaps or named like a key."""
    if content.different < max(content.present, IDENTIFIER_MIN_ROWS) or not content.is_whole:
        return None
    if content.maximum - content.minimum + 1 == content.different:
        return "it numbers the rows"
    if IDENTIFIER_NAME.search(name) or CAMEL_IDENTIFIER_NAME.search(name):
        return "named like an identifier, and every value is different"
    return None
