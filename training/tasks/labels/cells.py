"""Cells: how the labels of a row stand in a file -> one text a row, a sorted list in JSON.

    a list column            ["art", "law"] ─╮
    texts with separators    law|art        ─┼─> '["art", "law"]'; '[]' is none, "" is missing
    a column a label         1  1  0        ─╯

It knows nothing about how labels are learned.
"""

import json
import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.answers.labels import FALSE, TRUE, listed
from training.columns.values import number_text, texts
from training.errors import DataError
from training.tasks.truths import TargetColumn, clean_texts


def of_lists(values: pa.Array, name: str) -> NDArray[Any]:
    """Return the cells of a list column; raise a DataError for a list of anything but names."""
    return np.array([_of_list(its, name) for its in values.to_pylist()], object)


def of_texts(values: pa.Array, separator: str) -> NDArray[Any]:
    """Return the cells of texts, each a list in JSON or labels between separators."""
    codes, words = pd.factorize(texts(clean_texts(values)))
    known = np.array([_written(listed(word, separator)) if word else "" for word in words], object)
    return known[codes] if len(codes) else np.empty(0, object)


def of_columns(values: Sequence[pa.Array], names: Sequence[str]) -> NDArray[Any]:
    """Return the cells of a column a label; where one of them is missing, so is the row's target."""
    words = [pc.utf8_lower(clean_texts(its)) for its in values]
    missing = np.any([pc.is_null(its).to_numpy(zero_copy_only=False) for its in words], axis=0)  # (rows,)
    has = np.stack([pc.is_in(its, pa.array(sorted(TRUE))).to_numpy(zero_copy_only=False) for its in words], axis=1)
    different, codes = np.unique(has, axis=0, return_inverse=True)
    known = [_written(name for name, is_true in zip(names, row, strict=True) if is_true) for row in different.tolist()]
    found = np.array(known, object)[codes.ravel()] if len(codes) else np.empty(0, object)
    found[missing] = ""
    return found


def is_of_label(column: TargetColumn) -> bool:
    """Say whether a column tells the rows with a label from those without."""
    words = {word.strip().lower() for word in column.words or ()}
    return words <= TRUE | FALSE and bool(words & TRUE) and bool(words & FALSE)


def read(cell: Any) -> tuple[str, ...]:
    """Return the labels of a cell, or of a list as a file of new rows has it."""
    return tuple(json.loads(cell) if isinstance(cell, str) else cell)


def _of_list(values: Any, name: str) -> str:
    if values is None:
        return ""
    labels = (_label(value, name) for value in values if value is not None)
    return _written(label for label in labels if label)


def _label(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and math.isfinite(value):
        return number_text(value)
    if not isinstance(value, str):
        raise DataError(f"`--target`: expected lists of names in {name!r}. Received: {value!r:.80} in one.")
    return value.strip()


def _written(labels: Iterable[str]) -> str:
    composed = {unicodedata.normalize("NFC", label) for label in labels}
    return json.dumps(sorted(composed), ensure_ascii=False)
