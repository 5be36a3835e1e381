"""Evidence: what a column's cells say of the form of its dates, over all chunks, in whatever order they come.

    cells ─ shapes.split ─> is each a date? ─┬─ a first or second number above 12: which of them is the day
                                             └─ days that no calendar has, counted for each order

Once a cell is no date, nothing more is gathered. It knows nothing about columns, files or numbers.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc

from app.sources.dates.reading import days, exists, fitting
from app.sources.dates.shapes import is_compact, split
from app.sources.rules import DateForm, Order

FIRST_LOOK = 64  # cells that must be dates before all are looked at
ORDERS: tuple[Order, ...] = ("ymd", "dmy", "mdy")


@dataclass
class Impossible:
    """Days that no calendar has: how many, and one of them."""

    count: int = 0
    example: str = ""


@dataclass
class Evidence:
    """What is known of a column's dates."""

    failed: bool = False  # some cell is no date in any order
    some_compact: bool = False
    some_numeric: bool = False
    first_is_day: bool = False  # shown by a cell
    first_is_month: bool = False
    all_dotted: bool = True  # of the numeric ones: 31.12.2023, where the day comes first
    _impossible: dict[Order, Impossible] = field(default_factory=lambda: {order: Impossible() for order in ORDERS})

    def add_plain(self, cells: Any) -> None:
        """Take in texts that are plain numbers."""
        if self.failed or not len(cells):
            return
        self.some_compact = True
        for part in (cells[:FIRST_LOOK], cells):
            self.failed = self.failed or not pc.all(is_compact(part)).as_py()
        if not self.failed:
            self.failed = not exists(*days(split(cells), DateForm())).all()

    def add_others(self, cells: Any, counts: Any | None = None) -> None:
        """Take in texts that are no plain numbers, each as often as `counts` says."""
        if self.failed or not len(cells):
            return
        if not pc.all(split(cells[:FIRST_LOOK]).fit).as_py():
            self.failed = True
            return
        pieces = split(cells)
        first, last = (
            pc.cast(pc.if_else(pc.equal(pieces.of[each], ""), "0", pieces.of[each]), "int64")
            for each in ("first", "last")
        )
        is_numeric = pc.not_equal(pieces.of["first"], "")
        self.some_numeric |= bool(pc.any(is_numeric).as_py())
        self.first_is_day |= bool(pc.any(pc.greater(first, 12)).as_py())
        self.first_is_month |= bool(pc.any(pc.greater(last, 12)).as_py())
        self.all_dotted &= bool(pc.all(pc.or_(pc.invert(is_numeric), pc.equal(pieces.of["mark"], "."))).as_py())
        fit = {order: fitting(cells, pieces, DateForm(order=order)) for order in ("dmy", "mdy")}
        self.failed = not (fit["dmy"] | fit["mdy"]).all()
        for order in ORDERS:
            self._count(order, cells, ~exists(*days(pieces, DateForm(order=order))), counts)

    def _count(self, order: Order, cells: Any, missing: Any, counts: Any | None) -> None:
        if missing.any():
            found = self._impossible[order]
            found.count += int(missing.sum() if counts is None else counts[missing].sum())
            found.example = found.example or cells[int(np.flatnonzero(missing)[0])].as_py()

    def order(self, known: Order | None = None) -> Order | None:
        """Return the order that all cells fit, `known` where they leave it open; None where nobody knows it."""
        if self.failed or (self.some_numeric and self.first_is_day and self.first_is_month):
            return None
        if not self.some_numeric:
            return "ymd"
        if self.first_is_day or self.first_is_month:
            return "dmy" if self.first_is_day else "mdy"
        if known in ("dmy", "mdy"):
            return known
        return "dmy" if self.all_dotted else None

    def impossible(self, order: Order) -> Impossible:
        """Return the days that no calendar has, read in this order."""
        return self._impossible[order]
