"""Front: what stands before Keras for texts: strings in, a vector a row out, in NumPy and as a graph.

    texts (rows, columns) ─ characters, hashing ─> hashes ─ integers ─> text_vector (rows, width)

Both compute the same integers in the same steps, and few floats at the end, so their answers are equal to the bit, and
so are a row's alone and in a batch. It knows nothing about how the table was learned.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from training.features.text import graph
from training.features.text.characters import Characters
from training.features.text.hashing import Hashes, Words, chunks, grams, moved
from training.features.text.integers import WIDE_BITS, Integers, integers

Texts = NDArray[Any]  # (rows, columns) str, "" for missing


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
            self._forms[bits] = integers(self.keys, self.table, self.kernel, self.weights_sq, bits)
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

    def _said(self, form: Integers, texts: Sequence[str], first: int) -> NDArray[np.float32]:
        """Return what some texts say, each by itself; `first`: how many stand before them."""
        codes, splits = self.characters.codes(texts)
        moves = np.array([moved(place) for place in range(self.columns)])
        places = np.repeat(np.arange(first, first + len(texts)) % self.columns, np.diff(splits))
        hashes = grams(Words.of(codes), np.append(moves[places], 0))
        return form.divided(form.totals(hashes[:, :-1], splits[:-1]))

    @functools.cached_property
    def _forms(self) -> dict[int, Integers]:
        return {}
