"""Words: cells as a person writes them.

    " Orle\u0301ans " ─ clean ─> "Orléans"        True ─ as_words ─> "true"        "NA" ─ without_missing ─> null

It knows nothing about columns, files or features.
"""

import json
from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.sources import dates

# pandas' list (`na_values` of its `read_csv`), how many public tables write an unknown, and what databases export.
MISSING = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"]
) | {"NA", "NULL", "NaN", "None", "n/a", "nan", "null", "?", "\\N"}
TRUTHS = pa.array(["false", "true"])  # in any case of letters
INT64 = 2.0**63


def clean(values: Any) -> Any:
    """Strip white space, no-break spaces too, as `str.strip` does, and compose letters."""
    stripped = pc.utf8_trim_whitespace(values)
    if pc.all(pc.string_is_ascii(stripped), min_count=0).as_py():
        return stripped
    return pc.utf8_normalize(stripped, form="NFC")


def without_missing(values: Any, missing: Collection[str]) -> Any:
    """Return clean texts, null where one stands for missing."""
    cleaned = clean(values)
    return pc.if_else(pc.is_in(cleaned, pa.array(sorted(missing), pa.string())), None, cleaned)


def booleans(values: Any) -> Any:
    """Return which are true, null where one is missing or neither true nor false."""
    if pa.types.is_boolean(values.type):
        return values
    lower = pc.utf8_lower(as_words(values))
    return pc.if_else(pc.is_in(lower, TRUTHS), pc.equal(lower, "true"), None)


def fits_boolean(values: Any) -> Any:
    """Say which are true or false, as such or as a word; null where null."""
    return pc.if_else(pc.is_valid(values), pc.is_valid(booleans(values)), None)


def as_words(values: Any, whole: bool = False) -> Any:
    """Return texts of whatever Arrow holds; `whole`: all floats of the column are, and lose their point.

    Raises `ValueError` with the expectation for bytes that are no UTF-8.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        return as_words(values.cast(kind.value_type), whole)
    if pa.types.is_boolean(kind):
        return pc.if_else(values, "true", "false")
    if pa.types.is_floating(kind):
        return _floats(values, whole)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return dates.read(values)
    if pa.types.is_nested(kind):
        return pa.array(
            [None if cell is None else json.dumps(cell, default=str) for cell in values.to_pylist()], pa.string()
        )
    return _cast(values)


def distinct(values: Any) -> tuple[list[str | None], Any]:
    """Return the words that a column holds, as `as_words`, and which of them each cell is: (rows,) int.

    The last word is None, and stands for null; others may be None, too, and the same twice.
    """
    if pa.types.is_nested(values.type):
        values = as_words(values)
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    words: list[str | None] = [*as_words(encoded.dictionary).to_pylist(), None]
    codes = encoded.indices
    if codes.null_count:
        codes = pc.fill_null(codes.cast(pa.int64()), len(words) - 1)
    return words, codes.to_numpy(zero_copy_only=False)


def _cast(values: Any) -> Any:
    try:
        return pc.cast(values, pa.string())
    except pa.ArrowInvalid as error:
        raise ValueError("bytes that are text in UTF-8") from error


def _floats(values: Any, whole: bool) -> Any:
    numbers = values.cast(pa.float64())
    known = pc.and_(pc.is_valid(numbers), pc.invert(pc.is_nan(numbers)))
    if whole:
        numbers = pc.if_else(known, numbers, None)
        if pc.all(pc.and_(pc.equal(numbers, pc.floor(numbers)), pc.less(pc.abs(numbers), INT64)), min_count=0).as_py():
            return pc.cast(pc.cast(numbers, pa.int64()), pa.string())
    encoded = numbers.dictionary_encode()
    shortest = values.type.to_pandas_dtype()  # 0.1 of 16 or 32 bits is "0.1"
    words = pa.array(
        [None if one is None else str(shortest(one)) for one in encoded.dictionary.to_pylist()], pa.string()
    )
    return pc.if_else(known, words.take(encoded.indices), None)
