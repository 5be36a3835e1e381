"""Front: what stands before Keras for texts: strings in, a vector a row out, in NumPy and as a graph.

    texts (rows, columns) ─ characters, hashing ─> hashes ─ integers ─> text_vector (rows, width)

Both compute the same integers in the same steps, and few floats at the end, so their answers are equal to the bit, and
so are a row's alone and in a batch. It knows nothing about how the table was learned.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from training.features.encoder import SmallerFront
from training.features.text.characters import Characters
from training.features.text.front import graph
from training.features.text.front.integers import NARROW_BITS, WIDE_BITS, Integers, integers
from training.features.text.front.slots import Slots, full_tables
from training.features.text.hashing import Hashes, Words, chunks, grams, moved

Texts = NDArray[Any]  # (rows, columns) str, "" for missing


SMALLER_TABLES = 3  # each half as large as the one before it


@dataclass(frozen=True, eq=False)
class Front:
    """The n-grams that count, and what each says."""

    characters: Characters
    keys: Hashes  # (kept,) sorted
    table: NDArray[np.float32]  # (kept, columns of the table)
    kernel: NDArray[np.float32] | None  # (columns of the table, width)
    weights_sq: NDArray[np.float32]  # (kept,) what each adds to the squared norm of a text
    columns: int  # texts of a row

    @property
    def width(self) -> int:
        return int((self.table if self.kernel is None else self.kernel).shape[1])

    def integers(self, bits: int) -> Integers:
        """Return the integer form, made once."""
        if bits not in self._forms:
            self._forms[bits] = integers(self._slots, self.table, self.kernel, self.weights_sq, bits)
        return self._forms[bits]

    def answer(self, texts: Texts, bits: int = WIDE_BITS) -> NDArray[np.float32]:
        """Return what the texts of each row say: (rows, width), the very bits of the graph."""
        form, flat = self.integers(bits), [str(text) for text in texts.reshape(-1)]
        parts, place = [np.zeros((0, self.width), np.float32)], 0
        for chunk in chunks(flat):
            parts.append(self._said(form, chunk, place))
            place += len(chunk)
        said = np.concatenate(parts).reshape(len(texts), self.columns, self.width)
        return functools.reduce(np.add, (said[:, column] for column in range(self.columns)))

    def onnx(self, bits: int = WIDE_BITS) -> onnx.ModelProto:
        """Return the graph: `texts` (batch, columns) string -> `text_vector` (batch, width) float32."""
        return graph.model(self.characters, self.integers(bits), self.columns)

    def narrowed(self, count: int, rows_with: NDArray[Any]) -> "Front":
        """Keep so many n-grams, those that move answers most; `rows_with`, (kept,): texts that hold each.

        Without the others the norm of a text is smaller, so the table is scaled by as much as it is in the mean.
        """
        often = np.maximum(rows_with, 0.5)  # some may be in no text of training
        kept = np.sort(np.argsort(-self._spread * np.sqrt(often), kind="stable")[:count])
        norm_sq = often * self.weights_sq
        scale = np.float32(np.sqrt(norm_sq[kept].sum() / norm_sq.sum()))
        return replace(self, keys=self.keys[kept], table=self.table[kept] * scale, weights_sq=self.weights_sq[kept])

    @property
    def _spread(self) -> NDArray[np.float32]:
        """How far each n-gram can move one answer from another, or from nothing: (kept,)."""
        said = self.table if self.kernel is None else self.table @ self.kernel
        spread: NDArray[np.float32] = said.max(axis=1, initial=0) - said.min(axis=1, initial=0)
        return spread

    def _said(self, form: Integers, texts: Sequence[str], first: int) -> NDArray[np.float32]:
        """Return what some texts say, each by itself; `first`: how many stand before them."""
        codes, splits = self.characters.codes(texts)
        moves = np.array([moved(place) for place in range(self.columns)])
        places = np.repeat(np.arange(first, first + len(texts)) % self.columns, np.diff(splits))
        hashes = grams(Words.of(codes), np.append(moves[places], 0))
        return form.divided(form.totals(hashes[:, :-1], splits[:-1]))

    @functools.cached_property
    def _slots(self) -> Slots:
        return Slots.of(self.keys)

    @functools.cached_property
    def _forms(self) -> dict[int, Integers]:
        return {}


def smaller(front: Front, rows_with: NDArray[Any]) -> Iterator[SmallerFront]:
    """Yield a front with fewer n-grams, so many as fill a smaller table, in integers of 8 bits, and both."""
    yield SmallerFront("n-grams-int8", "int8-static", front.onnx(NARROW_BITS))
    for count in full_tables(len(front.keys))[:SMALLER_TABLES]:
        some = front.narrowed(count, rows_with)
        name = f"n-grams-{100 * (1 - count / len(front.keys)):.0f}"  # as for pruned units: how many of 100 leave
        yield SmallerFront(name, "fp32", some.onnx(WIDE_BITS))
        yield SmallerFront(f"{name}-int8", "int8-static", some.onnx(NARROW_BITS))
