"""Kinds of values: the one type that all cells of a column have, where a format names none (JSON lines, Excel).

    all cells of a column ─ Kinds.add ─> arrow type: bool, int64, float64, timestamp, date32, list, else string
    cells ─ column(cells, type) ─> Arrow array; what has another type is written as a person would: 1, not 1.0

It knows nothing about files.
"""

import datetime
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

INT64 = 2**63
TYPES: list[tuple[set[str], pa.DataType]] = [  # the first that holds all kinds
    (set(), pa.null()),
    ({"bool"}, pa.bool_()),
    ({"int"}, pa.int64()),
    ({"int", "float"}, pa.float64()),
    ({"date"}, pa.date32()),
    ({"date", "datetime"}, pa.timestamp("us")),
    ({"list"}, pa.list_(pa.string())),
]
WHOLE = 2.0**53  # to which doubles are exact


class Kinds:
    """The kinds of one column's cells, over all rows."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._wide = False  # a whole number that doubles do not hold

    def add(self, cells: Iterable[Any]) -> None:
        """Look at more cells."""
        for cell in cells:
            kind = kind_of(cell)
            self._seen.add(kind)
            if kind == "int" and not -INT64 <= cell < INT64:
                self._seen.add("huge")
            elif kind == "int" and abs(cell) > WHOLE:
                self._wide = True

    @property
    def type(self) -> pa.DataType:
        """Return the type that holds all."""
        seen = self._seen - {"null"}
        if seen == {"int", "float"} and self._wide:
            return pa.string()
        return next((kind for kinds, kind in TYPES if seen <= kinds), pa.string())


def kind_of(cell: Any) -> str:
    """Return the name of a cell's kind."""
    if cell is None:
        return "null"
    if isinstance(cell, bool):
        return "bool"
    for type_, name in KINDS.items():
        if isinstance(cell, type_):
            return name
    return "other"


KINDS: dict[type, str] = {
    str: "str",
    int: "int",
    float: "float",
    list: "list",
    datetime.datetime: "datetime",  # before its base
    datetime.date: "date",
}


def column(cells: Sequence[Any], kind: pa.DataType) -> Any:
    """Return cells as an Arrow array of a type that holds them all."""
    if pa.types.is_string(kind):
        return pa.array([None if cell is None else written(cell) for cell in cells], kind)
    if pa.types.is_list(kind):
        return pa.array([None if cell is None else [_item(each) for each in cell] for cell in cells], kind)
    if pa.types.is_timestamp(kind):
        return pa.array([_moment(cell) for cell in cells], kind)
    return pa.array(cells, kind)


def written(cell: Any) -> str:
    """Write a cell as a person would."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and math.isfinite(cell) and cell.is_integer() and abs(cell) < WHOLE:
        return str(int(cell))
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, dict | list) else str(cell)


def _item(cell: Any) -> str | None:
    return None if cell is None else written(cell)


def _moment(cell: Any) -> Any:
    is_date = isinstance(cell, datetime.date) and not isinstance(cell, datetime.datetime)
    return datetime.datetime.combine(cell, datetime.time()) if is_date else cell
