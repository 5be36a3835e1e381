"""Layers: raw columns -> what dense layers can learn from, in few nodes.

    EncodeNumbers   numbers with NaN  -> standardised values, pieces between quantiles, missing indicators
    ColumnCodes     one union's index -> a code in the column's own range
    EmbedColumns    codes             -> numbers from one table

Each layer treats all columns at once: ONNX Runtime takes about a microsecond a node.
They know nothing about tasks or training.
"""

from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.features import Category, Number

UNSEEN_SHARE = 0.01  # of the codes, taken away in training
FARTHEST = 4.0  # deviations from the mean: one outlier must not stretch the scale that int8 shares among all inputs
TINY = 1e-30  # a shorter length has no reciprocal that a 32-bit float can hold
FEW_NUMBERS = 32  # columns up to which the product's zeros cost less than a gather
RESOLUTION = 4 * float(np.finfo(np.float32).eps)  # edges closer than this, relative to their size, are one edge


class EncodeNumbers(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Standardise, and cut into pieces: (batch, numbers) with NaN -> (batch, encoded).

    Every output is `(x - start) / length`, held between two bounds. A column has one for its standardised value
    (held inside the range seen in training and `FARTHEST`), and one for each piece between two quantiles
    (held between 0 and 1).
    A missing number becomes the median, and says so in one more output if training saw it missing.

    Piecewise-linear encoding: Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features".
    """

    def __init__(self, numbers: tuple[Number, ...], **options: Any) -> None:
        super().__init__(**options)
        pieces = [(column, *piece) for column, number in enumerate(numbers) for piece in _pieces(number)]
        columns, starts, lengths, lows, highs = zip(*pieces, strict=True)
        self._columns = np.array(columns, np.int64)
        self._places = np.eye(len(numbers), dtype=np.float32)[:, self._columns]  # (numbers, pieces), one 1 a column
        self._starts = np.array(starts, np.float32)
        self._rates = 1 / np.array(lengths, np.float32)
        self._lows = np.array(lows, np.float32)
        self._highs = np.array(highs, np.float32)
        self._medians = np.array([number.median for number in numbers], np.float32)
        self._gaps = np.array([i for i, number in enumerate(numbers) if number.missing_share], np.int64)

    def call(self, x: Any) -> Any:
        missing = tf.math.is_nan(x)  # (batch, numbers)
        filled = tf.where(missing, self._medians, x)
        spread = self._spread(filled)  # (batch, pieces)
        held = tf.minimum(tf.maximum((spread - self._starts) * self._rates, self._lows), self._highs)
        if not len(self._gaps):
            return held
        said = tf.cast(tf.gather(missing, self._gaps, axis=1), tf.float32)  # (batch, columns with gaps)
        return tf.concat([held, said], axis=1)

    def _spread(self, x: Any) -> Any:
        """Repeat each column once a piece; a product with zeros and ones is exact, and took a tenth of a gather."""
        if len(self._places) <= FEW_NUMBERS:
            return tf.matmul(x, self._places)
        return tf.gather(x, self._columns, axis=1)


class ColumnCodes(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Union indices -> codes: (batch, strings) int64 -> (batch, strings) int64, a range of its own a column."""

    def __init__(self, categories: tuple[Category, ...], union: list[str], **options: Any) -> None:
        super().__init__(**options)
        place = {value: 1 + index for index, value in enumerate(union)}  # 0 is out of vocabulary
        table = np.zeros((len(categories), 1 + len(union)), np.int64)
        for row, (category, offset) in enumerate(zip(categories, offsets_of(categories)[:-1], strict=True)):
            table[row] = offset
            own = known(category)
            table[row, [place[value] for value in own]] = offset + 1 + np.arange(len(own))
        self._table = table.ravel()
        self._rows = np.arange(len(categories), dtype=np.int64) * (1 + len(union))

    def call(self, indices: Any) -> Any:
        return tf.gather(self._table, indices + self._rows)


class EmbedColumns(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Codes -> numbers: (batch, strings) int64 -> (batch, strings * size), from one table for all columns.

    In training a few codes are replaced by their column's "unknown", so that it learns to mean "the average".
    """

    def __init__(self, categories: tuple[Category, ...], size: int, **options: Any) -> None:
        super().__init__(**options)
        offsets = offsets_of(categories)
        self._unknown, self._rows = offsets[:-1], int(offsets[-1])
        self._size = size
        self._random = keras.random.SeedGenerator()

    def build(self, _shape: Any) -> None:
        shape = (self._rows, self._size)
        self._table = self.add_weight(shape=shape, initializer=keras.initializers.RandomUniform(), name="table")

    def call(self, codes: Any, training: bool = False) -> Any:
        if training:
            forget = keras.random.uniform(tf.shape(codes), seed=self._random) < UNSEEN_SHARE
            codes = tf.where(forget, self._unknown, codes)
        return tf.reshape(tf.gather(self._table, codes), (-1, len(self._unknown) * self._size))


def known(category: Category) -> list[str]:
    """A column's values that have a code of their own; missing is one of them when training saw it."""
    return [*category.vocabulary, *([""] if category.missing_share else [])]


def offsets_of(categories: tuple[Category, ...]) -> NDArray[np.int64]:
    """Where each column's codes begin, and where the last ends; the first code of a column is "unknown"."""
    return np.cumsum([0, *(1 + len(known(category)) for category in categories)])


def _pieces(number: Number) -> list[tuple[float, float, float, float]]:
    """Start, length, low and high of every output of a column."""
    length = number.deviation if number.deviation > TINY else 1.0
    low = max((number.minimum - number.mean) / length, -FARTHEST)
    high = min((number.maximum - number.mean) / length, FARTHEST)
    whole = [(number.mean, length, low, high)]
    cuts = _distinct(number.edges)
    if len(cuts) <= 2:  # one piece would repeat the standardised value
        return whole
    return whole + [(start, end - start, 0.0, 1.0) for start, end in pairwise(cuts)]


def _distinct(edges: tuple[float, ...]) -> list[float]:
    """Drop edges that a 32-bit float can hardly tell from the one before."""
    kept = [edges[0]]
    for edge in edges[1:]:
        if edge - kept[-1] > max(TINY, RESOLUTION * max(abs(edge), abs(kept[-1]))):
            kept.append(edge)
    return kept
