"""Integers: what n-grams say, as whole numbers, so that no order of sums can change an answer.

    hash ─ slots ─> row ─ table ─> (columns + 1,) ─ summed over the n-grams of a text ─> said, squared norm
    said (times the kernel) / √ squared norm, times the scale ─> (width,) float32; then the texts of a row are added

The wide form has 24 bits and more, the narrow one 8. The last column of the table holds what each n-gram adds to the
squared norm, its last row is that of all n-grams that are not known.
It knows nothing about characters, or graphs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.features.text.front.slots import Slots
from training.features.text.hashing import Hashes

NARROW_BITS, WIDE_BITS = 8, 32
TABLE_BITS = {NARROW_BITS: 7, WIDE_BITS: 30}  # without the sign; sums over 2^16 n-grams stay below 2^63
TABLE_BITS_BEFORE_KERNEL = {NARROW_BITS: 7, WIDE_BITS: 24}
KERNEL_BITS = {NARROW_BITS: 7, WIDE_BITS: 16}
MIRRORED = 1e-5  # of the largest: how far two columns may be from opposites
NORM_BITS = {NARROW_BITS: 7, WIDE_BITS: 24}

Whole = NDArray[Any]  # int8, int32 or int64


@dataclass(frozen=True, eq=False)
class Integers:
    """A table of n-grams in whole numbers."""

    slots: Slots
    table: Whole  # (slots + 1, columns + 1), by slot
    kernel: Whole | None  # (columns, width)
    scale: NDArray[np.float32]  # (width,)

    @property
    def sums(self) -> Any:
        """The type that sums over n-grams have."""
        return np.int32 if self.table.dtype == np.int8 else np.int64

    def totals(self, hashes: Hashes, begins: NDArray[np.int64]) -> Whole:
        """Sum over the n-grams of each text: of (kinds, positions), (texts,) to (texts, columns + 1)."""
        each = self.table[self.slots.find(hashes)].sum(axis=0, dtype=self.sums)  # (positions, columns + 1)
        totals: Whole = np.add.reduceat(each, begins, dtype=self.sums)
        return totals

    def divided(self, totals: Whole) -> NDArray[np.float32]:
        """Return what each text says: (texts, width)."""
        said, norm = totals[:, :-1], totals[:, -1:]
        if self.kernel is not None:
            said = said.astype(np.int64) @ self.kernel.astype(np.int64)
        root = np.sqrt(np.maximum(norm, 1).astype(np.float32))
        divided: NDArray[Any] = said.astype(np.float32) / root
        return divided * self.scale


def integers(
    slots: Slots,
    table: NDArray[np.float32],
    kernel: NDArray[np.float32] | None,
    weights_sq: NDArray[np.float32],
    bits: int,
) -> Integers:
    """Round a table of floats, (kept, columns), and what each n-gram adds to the squared norm, (kept,)."""
    last = _range(weights_sq[:, None], NORM_BITS[bits])
    norm = np.maximum(_rounded(weights_sq[:, None], last), 1)
    table, signs = _mirrored(table) if kernel is None else (table, np.ones(1))
    steps = _range(table, (TABLE_BITS if kernel is None else TABLE_BITS_BEFORE_KERNEL)[bits])
    scale, whole = steps * signs, None
    if kernel is not None:
        folded = kernel * steps[:, None]
        scale = _range(folded, KERNEL_BITS[bits])
        whole = _rounded(folded, scale).astype(np.int8 if bits == NARROW_BITS else np.int32)
    small = np.int8 if bits == NARROW_BITS else np.int32
    by_slot = np.zeros((slots.count + 1, table.shape[1] + 1), small)
    by_slot[slots.places] = np.hstack([_rounded(table, steps), norm])
    return Integers(slots, by_slot, whole, (scale / np.sqrt(last)).astype(np.float32))


def _mirrored(table: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the first of two columns that say the opposite of each other, and the sign that each has of it."""
    if table.shape[1] == 2 and np.allclose(
        table[:, 0], -table[:, 1], rtol=0, atol=MIRRORED * np.abs(table).max(initial=0)
    ):
        return table[:, :1], np.array([1.0, -1.0])
    return table, np.ones(1)


def _range(values: NDArray[Any], bits: int) -> NDArray[np.float64]:
    """Return the step of each column that makes its largest value the largest of so many bits: (columns,)."""
    largest = np.abs(values.astype(np.float64)).max(axis=0, initial=0.0)
    return np.where(largest > 0, largest, 1.0) / ((1 << bits) - 1)


def _rounded(values: NDArray[Any], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    rounded: NDArray[np.float64] = np.rint(values.astype(np.float64) / steps)
    return rounded
