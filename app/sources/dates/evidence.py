"""Evidence: what a column's cells say of the form of its dates, over all chunks, in whatever order they come.

    cells ─ shapes.split ─> is each a date? ─┬─ a first or second number above 12: which of them is the day
                                             └─ days that no calendar has, counted for each order

Once a cell is no date, nothing more is gathered. It knows nothing about columns, files or numbers.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.sources.dates.reading import Ints, days, exists, fitting, whole
from app.sources.dates.shapes import Pieces, is_compact, may_be_date, split
from app.sources.rules import DateForm, Order

LAST_MONTH, LAST_DAY = 12, 31
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
    may_be_year: bool = False  # the first of 24-01-01
    last_is_year: bool = False  # of such dates: it is above 31
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

    def add_others(self, cells: Any, counts: Ints) -> None:
        """Take in texts that are no plain numbers, each as often as `counts` says."""
        if self.failed or not len(cells) or whole(cells) is not None:
            return
        head = cells[:FIRST_LOOK]
        if not pc.all(may_be_date(head)).as_py() or not pc.all(split(head).fit).as_py():
            self.failed = True
            return
        encoded = cells.dictionary_encode()
        counts = np.bincount(encoded.indices.to_numpy(), counts, len(encoded.dictionary)).astype(np.int64)
        self._look_at(encoded.dictionary, split(encoded.dictionary), counts)

    def _look_at(self, cells: Any, pieces: Pieces, counts: Ints) -> None:
        first, last = pieces.number("first"), pieces.number("last")
        is_numeric = first >= 0
        self.some_numeric |= bool(is_numeric.any())
        self.first_is_day |= bool((first > LAST_MONTH).any())
        self.first_is_month |= bool((last > LAST_MONTH).any())
        is_dotted = pc.fill_null(pc.equal(pieces.of["mark"], "."), False).to_numpy(zero_copy_only=False)
        self.all_dotted &= bool((is_dotted | ~is_numeric).all())
        is_short = pieces.is_short & pc.fill_null(pc.equal(pieces.of["mark"], "-"), False).to_numpy(
            zero_copy_only=False
        )
        self.may_be_year |= bool((is_short & is_numeric).any())
        self.last_is_year |= bool((is_short & (pieces.number("year") > LAST_DAY)).any())
        fit = [fitting(cells, pieces, DateForm(order=order)) for order in ("dmy", "mdy")]
        self.failed = not (fit[0] | fit[1]).all()
        for order in ORDERS:
            self._count(order, cells, ~exists(*days(pieces, DateForm(order=order))), counts)

    def _count(self, order: Order, cells: Any, missing: NDArray[np.bool_], counts: Ints) -> None:
        if missing.any():
            found = self._impossible[order]
            found.count += int(counts[missing].sum())
            found.example = found.example or cells[int(np.flatnonzero(missing)[0])].as_py()

    def order(self, known: Order | None = None) -> Order | None:
        """Return the order that all cells fit, `known` where they leave it open; None where nobody knows it."""
        if self.failed or (self.some_numeric and self.first_is_day and self.first_is_month):
            return None
        if not self.some_numeric:
            return "ymd"
        if self.first_is_day and self.may_be_year and not self.last_is_year:
            return "dmy" if known == "dmy" else None
        if self.first_is_day or self.first_is_month:
            return "dmy" if self.first_is_day else "mdy"
        if known in ("dmy", "mdy"):
            return known
        return "dmy" if self.all_dotted else None

    def impossible(self, order: Order) -> Impossible:
        """Return the days that no calendar has, read in this order."""
        return self._impossible[order]
