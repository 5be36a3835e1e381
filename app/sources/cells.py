"""Cells: columns of a source as callers write their values, by the rules that the manifest keeps.

    column ─ by_rule ─> numbers, or dates as in ISO 8601; and which cells do not fit      a whole column at once
    column ─ texts ─> "1992.41", "2026-11-28T10:00:00", None
    cells of a row ─ instance_of ─> what a request holds, or what is wrong with which cell
    column ─ read_once ─> its different values, each read once, and which of them each row has

The second road is slow and exact: it says what is wrong, and the first must give the same values. It knows no type.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.sources import dates, numbers
from app.sources.rules import ColumnRule
from app.sources.words import as_words, distinct

SHOWN_CHARS = 60  # of a cell in a message
NOT_MISSING = "a value, for it was never missing in training"
USUAL = ColumnRule()


@dataclass(frozen=True)
class Wanted:
    """A column to be read."""

    name: str
    optional: bool  # the file may lack it, and its cells may be missing
    read: Callable[[str], Any]  # text -> value; raises `ValueError` with the expectation that the text does not meet


class CellFault(ValueError):
    """Raised for a row with a cell that its column does not take; says which, what was expected, what was received."""


@dataclass(frozen=True)
class Distinct:
    """The different values of a column; the same may stand there twice, and one that no row has."""

    values: list[Any]  # None: missing; a `CellFault`: why it cannot be read
    of_row: NDArray[np.int64]  # (rows,) which of them each row has


def plain(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column by name, without what Arrow wraps it in; nulls where there is none."""
    at = batch.schema.get_field_index(name)
    return pa.nulls(batch.num_rows, pa.string()) if at < 0 else _unwrapped(batch.column(at))


def _unwrapped(column: Any) -> Any:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _unwrapped(column.storage)
    if pa.types.is_run_end_encoded(kind):
        return _unwrapped(pc.run_end_decode(column))
    return column.cast(pa.string()) if pa.types.is_large_string(kind) or kind == pa.string_view() else column


def by_rule(values: Any, rule: ColumnRule) -> tuple[Any, Any]:
    """Read texts as their rule says: numbers, or dates as in ISO 8601; and say which texts do not fit, or None.

    Where no rule says anything, and in columns that are no text, values stay as they are.
    """
    if not pa.types.is_string(values.type):
        return values, None
    if rule.number is not None:
        found = numbers.read(values, rule.number)
    elif rule.date is not None:
        found = dates.read(values, rule.date)
    else:
        return values, None
    unknown = pc.is_null(found, nan_is_null=True)
    return found, pc.and_(unknown, pc.is_valid(values))


def texts(values: Any, rule: ColumnRule) -> list[str | None]:
    """Write a column as callers do; what does not fit its rule stays as it is, to be refused."""
    found = as_words(values)
    if rule.number is not None and pa.types.is_string(values.type):
        found = pc.coalesce(as_words(numbers.read(values, rule.number)), found)
    if rule.date is not None and pa.types.is_string(values.type):
        found = pc.coalesce(dates.read(values, rule.date), found)
    written: list[str | None] = found.to_pylist()
    return written


def instance_of(cells: Sequence[tuple[Wanted, str | None]]) -> dict[str, Any]:
    """Read the cells of a row, without those that are missing; raises `CellFault`."""
    instance: dict[str, Any] = {}
    for column, text in cells:
        value = _value(column, text)
        if text is not None:
            instance[column.name] = value
    return instance


def read_once(values: Any, column: Wanted, rule: ColumnRule) -> Distinct:
    """Read each different text of a column once."""
    words, of_row = distinct(values)
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    written = texts(pa.array(words, pa.string()), rule if is_text else USUAL)
    return Distinct([_value_or_fault(column, text) for text in written], of_row)


def _value(column: Wanted, text: str | None) -> Any:
    """Read a cell, None where it is missing; raises `CellFault`."""
    if text is None:
        if not column.optional:
            raise CellFault(f"`{column.name}`: expected {NOT_MISSING}. Received: nothing.")
        return None
    try:
        return column.read(text)
    except ValueError as error:
        received = f"{text[:SHOWN_CHARS]!r}"
        raise CellFault(f"`{column.name}`: expected {error}. Received: {received}.") from error


def _value_or_fault(column: Wanted, text: str | None) -> Any:
    try:
        return _value(column, text)
    except CellFault as fault:
        return fault
