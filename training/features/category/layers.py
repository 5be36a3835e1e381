"""Layers: names -> what dense layers can learn from.

Each layer treats all columns at once: ONNX Runtime takes about a microsecond a node.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.features.category.category import CategoryColumn

UNSEEN_SHARE = 0.01  # of the codes, taken away in training


class ColumnCodes(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Union indices -> codes: (batch, strings) int64 -> (batch, strings) int64, a range of its own a column."""

    def __init__(self, categories: tuple[CategoryColumn, ...], union: list[str], **options: Any) -> None:
        super().__init__(**options)
        place = {value: 1 + index for index, value in enumerate(union)}  # 0 is out of vocabulary
        table = np.zeros((len(categories), 1 + len(union)), np.int64)
        for row, (category, offset) in enumerate(zip(categories, offsets_of(categories)[:-1], strict=True)):
            table[row] = offset
            own = category.known
            table[row, [place[value] for value in own]] = offset + 1 + np.arange(len(own))
        self._table = table.ravel()
        self._rows = np.arange(len(categories), dtype=np.int64) * (1 + len(union))

    def call(self, indices: Any) -> Any:
        return tf.gather(self._table, indices + self._rows)


class EmbedColumns(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Codes -> numbers: (batch, strings) int64 -> (batch, strings * size), from one table for all columns.

    In training a few codes are replaced by their column's "unknown", so that it learns to mean "the average".
    """

    def __init__(self, categories: tuple[CategoryColumn, ...], size: int, **options: Any) -> None:
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


def offsets_of(categories: tuple[CategoryColumn, ...]) -> NDArray[np.int64]:
    """Where each column's codes begin, and where the last ends; the first code of a column is "unknown"."""
    return np.cumsum([0, *(1 + len(category.known) for category in categories)])
