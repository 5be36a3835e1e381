"""The encoder of texts: a string tensor -> n-grams that are known -> what they say of the answer.

    fitted   texts ─ hashes (NumPy) ─ known ones ─> ids and shares, ragged ─┬─ Bag ─> said
                  │                                 └ vectors of words, summed ─┤
                  └ tokens ─ an encoder ─ vectors of texts ─────────────────────┘
    served   texts ─ Front (an ONNX graph, or the same integers in NumPy) ──┬─ + ─> said
             tokens ─ Beside (an encoder in the same graph) ────────────────┘

It knows nothing about other types, tasks or how networks are fitted.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray

from training.columns.arrays import Arrays, Ragged
from training.features.encoder import Columns, Encoder, Purpose, SmallerFront
from training.features.text import strongest
from training.features.text.characters import Characters
from training.features.text.column import TextColumn
from training.features.text.front import NARROW_BITS, Beside, Front, smaller
from training.features.text.hashing import hashes
from training.features.text.layers import Bag
from training.features.text.meanings import Meanings
from training.features.text.options import TextOptions
from training.features.text.readings import TENSOR as TOKENS
from training.features.text.readings import Readings
from training.pretrained.graph import FEW_BITS

TENSOR = "texts"
IDS, SHARES, MEANINGS, SAID = "text_ids", "text_shares", "text_meanings", "text_vector"
MANY_OUTPUTS, FEWER = 30, 32  # of more outputs than that, the table has so many columns
CHUNK_ROWS = 4096


class Grams:
    """The n-grams of all columns of texts in one table."""

    def __init__(self, columns: Sequence[TextColumn]) -> None:
        keys, first = np.unique(np.concatenate([column.keys for column in columns]), return_index=True)
        self.keys: NDArray[np.int64] = keys  # (n-grams,)
        self.weights: NDArray[np.float32] = np.concatenate([column.weights for column in columns])[first]  # (n-grams,)
        self.rows_with: NDArray[np.int64] = np.concatenate([column.rows_with for column in columns])[first]
        self.characters = reduce(Characters.joined, [column.characters for column in columns])
        self.columns = len(columns)
        self.texts = max(column.texts for column in columns)  # rows that there are to learn from
        self._places = [column.place for column in columns]

    def known(self, texts: NDArray[Any]) -> tuple[Ragged, Ragged]:
        """Return the ids of the n-grams of rows, and how much each counts: idf by the norm of its text."""
        chunks = [self._of_chunk(texts[start : start + CHUNK_ROWS]) for start in range(0, len(texts), CHUNK_ROWS)]
        ids, shares = zip(*chunks, strict=True)
        return Ragged.joined(ids), Ragged.joined(shares)

    def _of_chunk(self, texts: NDArray[Any]) -> tuple[Ragged, Ragged]:
        parts = [self._of_column(texts[:, place].tolist(), at) for place, at in enumerate(self._places)]
        rows, ids, shares = (np.concatenate(each) for each in zip(*parts, strict=True))
        if len(parts) > 1:
            order = np.argsort(rows, kind="stable")
            rows, ids, shares = rows[order], ids[order], shares[order]
        splits = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(texts)))])
        return Ragged(ids, splits), Ragged(shares, splits)

    def _of_column(
        self, texts: Sequence[str], place: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        values, splits = hashes(texts, self.characters, place)
        rows = np.repeat(np.arange(len(texts)), np.diff(splits))
        ids = np.searchsorted(self.keys, values)
        known = self.keys[np.minimum(ids, len(self.keys) - 1)] == values
        rows, ids = rows[known], ids[known]
        weights = self.weights[ids]
        norms = np.sqrt(np.bincount(rows, weights.astype(np.float64) ** 2, minlength=len(texts)))
        return rows, ids.astype(np.int32), (weights / norms[rows]).astype(np.float32)


class TextEncoder(Encoder):
    """See `training.features.encoder.Encoder`."""

    _front: Front  # of the served network
    _beside: Beside | None = None  # likewise

    def __init__(self, columns: Columns, options: TextOptions, purpose: Purpose) -> None:
        texts = [column for _, of_type in columns for column in of_type]
        self.grams = Grams(texts)
        self._columns = texts
        self._outputs = purpose.width or FEWER
        if purpose.fitted:
            self.raw = [keras.Input((None,), name=IDS, dtype="int32", ragged=True)]
            self.raw += [keras.Input((None,), name=SHARES, dtype="float32", ragged=True)]
            self._meanings = Meanings(self.grams.keys, texts, options.vectors_weight)
            read = [column.reading for column in texts if column.reading is not None]
            self._readings = Readings(read, options.encoder_weight)
            if width := self._meanings.width + self._readings.width:
                self.raw += [keras.Input((width,), name=MEANINGS, dtype="float32")]
            self._bag: Bag | None = _bag(self.grams, width, self._outputs, options, purpose.flatness)
            found = self._bag(self.raw)
        else:
            self._bag = None
            self.raw = [found := keras.Input((self._outputs,), name=SAID, dtype="float32")]
        self.learned = self.raw
        if purpose.width:
            self.said = found
        else:
            self.vector = found

    def front(self, arrays: Arrays) -> dict[str, Any]:
        if self._bag is None:
            said = self._front.answer(arrays[TENSOR])
            return {SAID: said if self._beside is None else said + self._beside.answer(arrays[TOKENS])}
        ids, shares = self.grams.known(arrays[TENSOR])
        meanings = [self._meanings.summed(ids, shares)] if self._meanings.width else []
        if self._readings.width:
            meanings.append(self._readings.vectors(arrays[TOKENS]))
        learned = {IDS: ids, SHARES: shares}
        return {**learned, MEANINGS: np.concatenate(meanings, axis=1)} if meanings else learned

    def front_graph(self) -> onnx.ModelProto | None:
        if self._bag is not None:
            return None
        return self._front.onnx() if self._beside is None else self._beside.added(self._front.onnx())

    def sections(self, arrays: Arrays, outputs: Sequence[str]) -> Iterator[str]:
        if self._bag is None and self.said is not None:
            yield strongest.section(self._columns, self._front, arrays[TENSOR], outputs)

    def smaller_fronts(self) -> Iterator[SmallerFront]:
        if self._beside is None:
            yield from smaller(self._front, self.grams.rows_with)
        else:  # beside its weights those of n-grams are few
            narrow = self._beside.added(self._front.onnx(NARROW_BITS), FEW_BITS)
            yield SmallerFront("encoder-int8", "int8-static", narrow)

    def adopt(self, other: Encoder) -> None:
        assert isinstance(other, TextEncoder)
        if other._bag is None:
            self._front, self._beside = other._front, other._beside
            return
        grams, bag, table = other.grams, other._bag, other._bag.table
        if bag.directions is not None:
            of_words, of_texts = np.split(bag.directions, [other._meanings.width])
            table = other._meanings.added(table, of_words)
            directions = of_texts if bag.kernel is None else of_texts @ bag.kernel
            if other._readings.width:
                self._beside = Beside(other._readings.each, *other._readings.behind(directions))
        self._front = Front(
            characters=grams.characters,
            keys=grams.keys,
            table=table * grams.weights[:, None],
            kernel=bag.kernel,
            weights_sq=np.square(grams.weights),
            columns=grams.columns,
        )


def _bag(grams: Grams, meanings: int, outputs: int, options: TextOptions, flatness: float) -> Bag:
    """Wire the table; the flatter the loss, the further it moves, and the less it is penalized.

    A row that is a sum over several columns is as much longer, and would be moved past where it should.
    """
    columns = FEWER if outputs > MANY_OUTPUTS else outputs
    penalty = 1 / (options.text_c * max(1, grams.texts) * flatness)
    rate = options.text_rate * flatness / grams.columns
    return Bag(len(grams.keys), outputs, columns, meanings=meanings, rate=rate, penalty=penalty, name="text_bag")
