"""Layers: raw floats -> what dense layers can learn from, in few nodes.

Each layer treats all columns at once: ONNX Runtime takes about a microsecond a node.
They know nothing about tasks or training.
"""

from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.features.numeric.statistics import Floats

FARTHEST = 4.0  # deviations from the mean: one outlier must not stretch the scale that int8 shares among all inputs
TINY = 1e-30  # a shorter length has no reciprocal that a 32-bit float can hold
FEW_NUMBERS = 32  # columns up to which the product's zeros cost less than a gather
RESOLUTION = 4  # steps of rounding at an edge's size; edges that are closer are one


class EncodeNumbers(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Standardise, and cut into pieces: (batch, numbers) with NaN -> (batch, encoded).

    Every output is `(x - start) / length`, held between two bounds. A column has one for its standardised value
    (held inside the range seen in training and `FARTHEST`), and one for each piece between two quantiles
    (held between 0 and 1).
    A missing number becomes the median, and says so in one more output if training saw it missing.
    With doubles for input, the difference to the start is one of doubles: what 32 bits would not tell apart is exact
    in the pieces, and from there on 32 bits are enough.

    Piecewise-linear encoding: Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features".
    """

    def __init__(self, numbers: tuple[Floats, ...], **options: Any) -> None:
        super().__init__(**options)
        pieces = [(column, *piece) for column, number in enumerate(numbers) for piece in _pieces(number)]
        columns, starts, lengths, lows, highs = zip(*pieces, strict=True)
        dtype = self._dtype = np.dtype(self.compute_dtype)
        self._columns = np.array(columns, np.int64)
        self._places = np.eye(len(numbers), dtype=dtype)[:, self._columns]  # (numbers, pieces), one 1 a column
        self._starts = np.array(starts, dtype)
        self._rates = 1 / np.array(lengths, dtype)
        self._lows = np.array(lows, dtype)
        self._highs = np.array(highs, dtype)
        self._medians = np.array([number.median for number in numbers], dtype)
        self._gaps = np.array([i for i, number in enumerate(numbers) if number.missing_share], np.int64)

    @property
    def columns(self) -> NDArray[np.int64]:
        """The column that each output tells of: (encoded,)."""
        return np.concatenate([self._columns, self._gaps])

    @property
    def straight(self) -> NDArray[np.bool_]:
        """Whether an output is a standardised value or a missing indicator, and no piece: (encoded,)."""
        first = np.diff(self._columns, prepend=-1) > 0
        return np.concatenate([first, np.ones(len(self._gaps), np.bool_)])

    def call(self, x: Any) -> Any:
        missing = tf.math.is_nan(x)  # (batch, numbers)
        filled = tf.where(missing, self._medians, x)
        spread = self._spread(filled)  # (batch, pieces)
        held = tf.minimum(tf.maximum((spread - self._starts) * self._rates, self._lows), self._highs)
        held = tf.cast(held, tf.float32)  # none where it is that already
        if not len(self._gaps):
            return held
        said = tf.cast(tf.gather(missing, self._gaps, axis=1), tf.float32)  # (batch, columns with gaps)
        return tf.concat([held, said], axis=1)

    def apart(self, x: Any) -> Any:
        """Return the same outputs by column, with zeros behind those of the shorter ones: (numbers, batch, most).

        That is how products with a matrix a column want them, and nothing is gathered for it.
        """
        by_column = tf.transpose(x)[:, :, None]  # (numbers, batch, 1)
        missing = tf.math.is_nan(by_column)
        filled = tf.where(missing, self._medians[:, None, None], by_column)
        starts, rates = self._laid_out(self._starts, 0), self._laid_out(self._rates, 1)
        lows, highs = self._laid_out(self._lows, 0), self._laid_out(self._highs, 0)
        held = tf.cast(tf.minimum(tf.maximum((filled - starts) * rates, lows), highs), tf.float32)
        if not len(self._gaps):
            return held
        says_so = np.zeros(lows.shape, np.bool_)
        says_so.ravel()[self.places[len(self._columns) :]] = True
        return tf.where(missing & says_so, 1.0, held)

    @property
    def most(self) -> int:
        """Outputs of the column that has most."""
        return int(np.bincount(self.columns).max())

    @property
    def places(self) -> NDArray[np.int64]:
        """Where each output stands in a row of (numbers * most): (encoded,)."""
        columns = self.columns
        order = np.argsort(columns, kind="stable")
        within = np.empty_like(order)
        within[order] = np.arange(len(columns)) - np.searchsorted(columns[order], columns[order])
        return columns * self.most + within

    def _laid_out(self, values: NDArray[Any], otherwise: float) -> NDArray[Any]:
        """Lay what each piece has out column by column: (pieces,) -> (numbers, 1, most)."""
        found = np.full(len(self._medians) * self.most, otherwise, self._dtype)
        found[self.places[: len(values)]] = values
        return found.reshape(len(self._medians), 1, self.most)

    def _spread(self, x: Any) -> Any:
        """Repeat each column once a piece; a product with zeros and ones is exact, and took a tenth of a gather."""
        if len(self._places) <= FEW_NUMBERS:
            return tf.matmul(x, self._places)
        return tf.gather(x, self._columns, axis=1)


class EmbedNumbers(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Sum what each column is encoded as in `size` learned ways: (batch, numbers) with NaN -> (batch, numbers * size).

    It adds nothing that the next layer could not say, yet what it says is learned sooner and better: a column's
    pieces move together, and begin at zero, so that the network begins with straight lines.
    The sums that begin otherwise are those of the standardised values and the missing indicators.
    A learned linear layer on piecewise-linear encodings: Gorishniy, Kotelnikov, Babenko 2024, "TabM".
    """

    def __init__(self, encode: EncodeNumbers, size: int, **options: Any) -> None:
        super().__init__(autocast=False, **options)  # doubles are for `encode` alone
        self._encode, self._size = encode, size
        self._numbers = int(encode.columns.max()) + 1

    def build(self, _shape: Any) -> None:
        most = self._encode.most
        mask = np.zeros(self._numbers * most, np.float32)
        mask[self._encode.places[self._encode.straight]] = 1
        begin = mask.reshape(self._numbers, most, 1)
        normal = keras.initializers.RandomNormal(stddev=1.0)
        shape = (self._numbers, most, self._size)
        self._sums = self.add_weight(shape=shape, initializer=lambda *a, **k: normal(*a, **k) * begin, name="sums")
        even = keras.initializers.RandomUniform(-0.5, 0.5)
        self._bias = self.add_weight(shape=(self._numbers, self._size), initializer=even, name="bias")

    def call(self, x: Any) -> Any:
        sums = tf.matmul(self._encode.apart(x), self._sums)  # (numbers, batch, size)
        return tf.reshape(tf.transpose(sums, (1, 0, 2)) + self._bias, (-1, self._numbers * self._size))

    def compute_output_shape(self, shape: Any) -> tuple[Any, int]:
        return shape[0], self._numbers * self._size

    def fold(self, kernel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what a dense layer behind this one does to encoded numbers.

        Of its kernel, (numbers * size, units): the kernel, (encoded, units), and what comes to the bias, (units,).
        """
        sums, bias = (np.asarray(weights) for weights in self.get_weights())
        apart = kernel.reshape(self._numbers, self._size, -1)
        whole = np.einsum("nps,nsu->npu", sums, apart).reshape(self._numbers * self._encode.most, -1)
        return whole[self._encode.places], np.einsum("ns,nsu->u", bias, apart)


def _pieces(number: Floats) -> list[tuple[float, float, float, float]]:
    """Start, length, low and high of every output of a column."""
    length = number.deviation if number.deviation > TINY else 1.0
    low = max((number.minimum - number.mean) / length, -FARTHEST)
    high = min((number.maximum - number.mean) / length, FARTHEST)
    whole = [(number.mean, length, low, high)]
    cuts = _distinct(number.edges, RESOLUTION * float(np.finfo(np.float64 if number.double else np.float32).eps))
    if len(cuts) <= 2:  # one piece would repeat the standardised value
        return whole
    return whole + [(start, end - start, 0.0, 1.0) for start, end in pairwise(cuts)]


def _distinct(edges: tuple[float, ...], resolution: float) -> list[float]:
    """Drop edges that are hardly farther from the one before than rounding at their size."""
    kept = [edges[0]]
    for edge in edges[1:]:
        if edge - kept[-1] > max(TINY, resolution * max(abs(edge), abs(kept[-1]))):
            kept.append(edge)
    return kept
