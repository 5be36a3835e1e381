"""Network: features and task -> Keras models, with the preprocessing inside.

    numeric ─ EncodeNumbers ───────────────────────────────┐
    categorical ─ StringLookup ─ ColumnCodes ─ Embedding ──┴─ Dense … ─ head ─ finish
                  └── lookup (once a row) ──┘ └────── trunk (what is trained) ──────┘
    └──────────────────────── served (what is exported) ─────────────────────────────┘

Strings are looked up once before training, so an epoch costs no hashing.
A run in ONNX Runtime costs about a microsecond a node, so all columns share one look-up, one remapping,
one embedding table and one vectorised encoding of numbers.
It knows nothing about optimizers, files or ONNX.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.features import CATEGORICAL, NUMERIC, Arrays, Category, Features, Number
from training.tasks import Task

CODES = "codes"  # the tensor that takes the place of `categorical` while training
UNSEEN_SHARE = 0.01  # of the codes, taken away in training so that "unknown" learns to mean "the average"
LOOKUP_ROWS = 65_536
RESOLUTION = 4 * float(np.finfo(np.float32).eps)  # edges closer than this, relative to their size, are one edge


@dataclass(frozen=True)
class Network:
    """One set of weights, seen from training and from serving."""

    trunk: Any  # keras.Model: numeric, codes -> logits or standardised value
    served: Any  # keras.Model: numeric, categorical -> probabilities or value
    lookup: Any | None  # keras.Model: categorical -> codes

    def encode(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """Replace the strings by their codes, as the trunk wants them."""
        encoded = {name: array for name, array in arrays.items() if name != CATEGORICAL}
        if self.lookup is not None:
            strings = arrays[CATEGORICAL]  # (rows, strings) text
            parts = [strings[start : start + LOOKUP_ROWS] for start in range(0, len(strings), LOOKUP_ROWS)]
            encoded[CODES] = np.concatenate([self.lookup(tf.constant(part)).numpy() for part in parts])
        return encoded

    def predict(self, arrays: Arrays) -> NDArray[np.float32]:
        """Answer raw rows, as ONNX Runtime will: (rows, outputs) float32."""
        inputs = [tf.constant(arrays[tensor.name]) for tensor in self.served.inputs]
        answers: NDArray[np.float32] = self.served(inputs, training=False).numpy()
        return answers


def build(features: Features, task: Task, *, hidden: tuple[int, ...], dropout: float, embedding: int) -> Network:
    """Wire the models; every statistic is a constant of the graph."""
    trunk_inputs, raw_inputs, parts = [], [], []
    lookup = None
    if features.numbers:
        numeric = keras.Input((len(features.numbers),), name=NUMERIC)
        trunk_inputs.append(numeric)
        raw_inputs.append(numeric)
        parts.append(EncodeNumbers(features.numbers, name="encode_numbers")(numeric))
    if features.categories:
        lookup = _lookup(features.categories)
        codes = keras.Input((len(features.categories),), name=CODES, dtype="int64")
        trunk_inputs.append(codes)
        raw_inputs.append(lookup.inputs[0])
        parts.append(_embed(codes, features.categories, embedding))
    trunk = keras.Model(trunk_inputs, _dense(parts, hidden, dropout, task), name="trunk")
    middle = [lookup(raw) if raw.dtype == "string" else raw for raw in raw_inputs]
    served = keras.Model(raw_inputs, task.finish()(trunk(middle)), name="slipway")
    return Network(trunk=trunk, served=served, lookup=lookup)


def _dense(parts: list[Any], hidden: tuple[int, ...], dropout: float, task: Task) -> Any:
    x = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]  # (batch, encoded)
    for units in hidden:
        x = keras.layers.Dense(units, activation="relu")(x)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
    return keras.layers.Dense(task.width, name="head")(x)  # (batch, outputs)


def _lookup(categories: tuple[Category, ...]) -> Any:
    """Strings -> codes: one look-up over the union of all vocabularies, then each column's own numbers."""
    union = sorted({value for category in categories for value in _known(category)})
    strings = keras.Input((len(categories),), name=CATEGORICAL, dtype="string")
    index = keras.layers.StringLookup(vocabulary=union, mask_token=None, num_oov_indices=1, name="string_lookup")
    return keras.Model(strings, ColumnCodes(categories, union, name="column_codes")(index(strings)), name="lookup")


def _embed(codes: Any, categories: tuple[Category, ...], size: int) -> Any:
    seen = ForgetSome(_offsets(categories)[:-1], name="forget_some")(codes)
    table = keras.layers.Embedding(int(_offsets(categories)[-1]), size, name="embedding")
    return keras.layers.Reshape((len(categories) * size,), name="embedded")(table(seen))  # (batch, strings * size)


def _known(category: Category) -> list[str]:
    """A column's values that have a code of their own; missing is one of them when training saw it."""
    return [*category.vocabulary, *([""] if category.missing_share else [])]


def _offsets(categories: tuple[Category, ...]) -> NDArray[np.int64]:
    """Where each column's codes begin, and where the last ends; the first code of a column is "unknown"."""
    return np.cumsum([0, *(1 + len(_known(category)) for category in categories)])


class EncodeNumbers(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Standardise, and cut into pieces: (batch, numbers) with NaN -> (batch, encoded).

    Every output is `(x - start) / length`, held between two bounds; a column has one for its standardised value
    (held inside the range seen in training) and one for each piece between two quantiles (held between 0 and 1).
    A missing number becomes the median, and says so in one more output if training saw it missing.

    Piecewise-linear encoding: Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features".
    """

    def __init__(self, numbers: tuple[Number, ...], **options: Any) -> None:
        super().__init__(**options)
        pieces = [(column, *piece) for column, number in enumerate(numbers) for piece in _pieces(number)]
        columns, starts, lengths, lows, highs = zip(*pieces, strict=True)
        self._columns = np.array(columns, np.int64)
        self._starts = np.array(starts, np.float32)
        self._rates = 1 / np.array(lengths, np.float32)
        self._lows = np.array(lows, np.float32)
        self._highs = np.array(highs, np.float32)
        self._medians = np.array([number.median for number in numbers], np.float32)
        self._gaps = np.array([i for i, number in enumerate(numbers) if number.missing_share], np.int64)

    def call(self, x: Any) -> Any:
        missing = tf.math.is_nan(x)  # (batch, numbers)
        filled = tf.where(missing, self._medians, x)
        spread = tf.gather(filled, self._columns, axis=1)  # (batch, pieces)
        held = tf.minimum(tf.maximum((spread - self._starts) * self._rates, self._lows), self._highs)
        if not len(self._gaps):
            return held
        said = tf.cast(tf.gather(missing, self._gaps, axis=1), tf.float32)  # (batch, columns with gaps)
        return tf.concat([held, said], axis=1)


class ColumnCodes(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Union indices -> codes: (batch, strings) int64 -> (batch, strings) int64, a range of its own a column."""

    def __init__(self, categories: tuple[Category, ...], union: list[str], **options: Any) -> None:
        super().__init__(**options)
        place = {value: 1 + index for index, value in enumerate(union)}  # 0 is out of vocabulary
        table = np.zeros((len(categories), 1 + len(union)), np.int64)
        for row, (category, offset) in enumerate(zip(categories, _offsets(categories)[:-1], strict=True)):
            table[row] = offset
            known = _known(category)
            table[row, [place[value] for value in known]] = offset + 1 + np.arange(len(known))
        self._table = table.ravel()
        self._rows = np.arange(len(categories), dtype=np.int64) * (1 + len(union))

    def call(self, indices: Any) -> Any:
        return tf.gather(self._table, indices + self._rows)


class ForgetSome(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """In training, replace a few codes by their column's "unknown"; in serving, nothing."""

    def __init__(self, unknown: NDArray[np.int64], **options: Any) -> None:
        super().__init__(**options)
        self._unknown = unknown
        self._random = keras.random.SeedGenerator()

    def call(self, codes: Any, training: bool = False) -> Any:
        if not training:
            return codes
        forget = keras.random.uniform(tf.shape(codes), seed=self._random) < UNSEEN_SHARE
        return tf.where(forget, self._unknown, codes)


def _pieces(number: Number) -> list[tuple[float, float, float, float]]:
    """Start, length, low and high of every output of a column."""
    length = number.deviation or 1.0
    low, high = ((bound - number.mean) / length for bound in (number.minimum, number.maximum))
    whole = [(number.mean, length, low, high)]
    cuts = _distinct(number.edges)
    if len(cuts) <= 2:  # one piece would repeat the standardised value
        return whole
    return whole + [(start, end - start, 0.0, 1.0) for start, end in pairwise(cuts)]


def _distinct(edges: tuple[float, ...]) -> list[float]:
    """Drop edges that a 32-bit float can hardly tell from the one before."""
    kept = [edges[0]]
    for edge in edges[1:]:
        if edge - kept[-1] > RESOLUTION * max(abs(edge), abs(kept[-1])):
            kept.append(edge)
    return kept
