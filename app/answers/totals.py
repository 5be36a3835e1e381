"""Totals: what scored rows say of a model, in numbers that add up over parts, in any order and to the last bit.

    cells   rows by what they are, such as true and given label: whole numbers
    sums    floats, each as a whole number of the smallest step that there is: no order of adding changes it

Any metric that is a function of these is that of all rows. It knows no metric.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.tensors import Array

STEP_BITS = 1126  # a float is a whole number of 2**-1126: 1074 for the smallest, and 52 for its mantissa at full length
MANTISSA_BITS, LOW_BITS = 53, 26

Whole = NDArray[np.int64]


class Cells(msgspec.Struct):
    """How many rows fell into which cell; cells without any are left out."""

    places: list[int] = []  # ascending
    rows: list[int] = []

    @classmethod
    def of(cls, found: Array, cells: int) -> "Cells":
        """Count rows by the number of their cell, (rows,), of so many."""
        counted = np.bincount(found, minlength=cells)
        places = np.flatnonzero(counted)
        return cls(places.tolist(), counted[places].tolist())

    def add(self, other: "Cells") -> None:
        """Add the rows of another."""
        found = dict(zip(self.places, self.rows, strict=True))
        for place, rows in zip(other.places, other.rows, strict=True):
            found[place] = found.get(place, 0) + rows
        self.places = sorted(found)
        self.rows = [found[place] for place in self.places]

    def dense(self, cells: int) -> Whole:
        """Return the rows of all cells, (cells,)."""
        found = np.zeros(cells, np.int64)
        found[self.places] = self.rows
        return found


class Totals(msgspec.Struct):
    """What was counted of rows whose truth is known."""

    rows: int = 0
    cells: dict[str, Cells] = {}
    sums: dict[str, str] = {}  # hexadecimal

    @classmethod
    def of(cls, rows: int, cells: Mapping[str, Cells], sums: Mapping[str, Array] | None = None) -> "Totals":
        """Make totals of the cells and the values of rows, (rows,) each."""
        return cls(rows, dict(cells), {name: f"{exact_sum(values):x}" for name, values in (sums or {}).items()})

    def add(self, other: "Totals") -> None:
        """Add the rows of another."""
        self.rows += other.rows
        for name, cells in other.cells.items():
            self.cells.setdefault(name, Cells()).add(cells)
        for name, text in other.sums.items():
            self.sums[name] = f"{int(self.sums.get(name, '0'), 16) + int(text, 16):x}"

    def mean(self, name: str) -> float:
        """Return the mean of a sum's values."""
        return int(self.sums[name], 16) / (self.rows << STEP_BITS)  # of whole numbers: rounded once


def exact_sum(values: Array) -> int:
    """Sum finite floats, (rows,), without rounding: a whole number of 2**-1126."""
    if not len(values):
        return 0
    fractions, exponents = np.frexp(np.asarray(values, np.float64))
    mantissas = np.ldexp(fractions, MANTISSA_BITS).astype(np.int64)  # value = mantissa * 2**(exponent - 53)
    least = int(exponents.min())
    halves = (mantissas >> LOW_BITS, mantissas & ((1 << LOW_BITS) - 1))
    # Sums of 27 bits by exponent: exact in a double for 2**26 rows.
    high, low = (np.bincount(exponents - least, half.astype(np.float64)) for half in halves)
    whole = [(int(h) << LOW_BITS) + int(rest) for h, rest in zip(high.tolist(), low.tolist(), strict=True)]
    shift = least - MANTISSA_BITS + STEP_BITS
    return sum([number << (shift + place) for place, number in enumerate(whole)])
