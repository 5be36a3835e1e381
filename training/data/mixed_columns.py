"""Mixed: columns of numbers in which some cells are text.

    "12", "15", "unknown", "9"  ─>  refused: it would be a column of names, each number one of them
    "1,5", "2,75"               ─>  said: numbers in another notation

It knows nothing about features or targets.
"""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from training.errors import DataError
from training.rendering.markdown import code

REFUSED_SHARE = 0.9  # of numbers among the values: the rest is no category but a fault of the file
SAID_SHARE = 0.5
FEW_VALUES = 10  # different; so few are categories though most look like numbers: 0, 1, 2, 3+
SIGNS = r"[\s$€£¥%']"  # what people write around numbers
SHOWN = 5  # columns in a message
SHOWN_CHARS = 40


def examine(frame: pd.DataFrame, leave: Collection[str] = ()) -> tuple[str, ...]:
    """Return what should be said of columns of numbers and text; those in `leave` were chosen to be what they are.

    Raises a DataError naming the columns that are numbers but for a few cells, with how many and one of them.
    """
    refused: list[str] = []
    said: list[str] = []
    for name in frame.columns:
        if name not in leave and _may_be_mixed(frame[name]):
            for share, remark in _remarks(frame[name]):
                (refused if share >= REFUSED_SHARE else said).append(remark)
    if refused:
        more = f"; and {len(refused) - SHOWN} more columns" if len(refused) > SHOWN else ""
        raise DataError(
            f"`DATA`: expected columns of numbers or of text. Received both in {'; '.join(refused[:SHOWN])}{more}. "
            "Empty these cells in the file, or say --categorical NAME where all values are names "
            "(of the target: --task multiclass), or --drop NAME."
        )
    return tuple(said)


def count_text(series: pd.Series) -> tuple[int, int, str, int]:
    """Return how many values are text, how many there are, the first text and its row, from 1."""
    code, words = pd.factorize(series)  # (rows,) with -1 for missing; each word is looked at once
    is_text = np.append(_numbers(words).isna(), False)  # the last for the missing
    rows = np.flatnonzero(is_text[code])
    present = int((code >= 0).sum())
    if not len(rows):
        return 0, present, "", 0
    return len(rows), present, str(words[code[rows[0]]])[:SHOWN_CHARS], int(rows[0]) + 1


def _remarks(series: pd.Series) -> Iterator[tuple[float, str]]:
    """Yield the share of numbers, and what to say about them."""
    texts, values, example, row = count_text(series)
    share = (values - texts) / max(values, 1)
    where = f"such as {example!r} in row {row}"
    if series.nunique() <= FEW_VALUES:
        return
    if texts and share >= SAID_SHARE:
        yield share, f"{code(str(series.name))}: {texts:,} of {values:,} cells are text, {where}"
    elif texts and _looks_like_numbers(series.dropna().unique()):
        said = f"{code(str(series.name))}: numbers in a notation that is read as text, {where}; "
        yield 0.0, f"{said}numbers have a decimal point and no other sign"


def _numbers(words: Any) -> pd.Series:
    return pd.to_numeric(pd.Series(words), errors="coerce")


def _looks_like_numbers(words: Any) -> bool:
    plain = pd.Series(words).astype(str).str.replace(SIGNS, "", regex=True).str.replace(",", ".", n=1)
    return bool(_numbers(plain).notna().mean() >= REFUSED_SHARE)


def _may_be_mixed(series: pd.Series) -> bool:
    """Say whether a column holds text, or text and numbers; Parquet may hold dates and lists."""
    if not (types.is_object_dtype(series) or types.is_string_dtype(series)):
        return False
    return all(isinstance(value, str | int | float) for value in series.dropna().head(1))
