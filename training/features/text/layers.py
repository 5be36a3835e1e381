"""Layers: the n-grams of texts -> what they say, by a table that has a row for each."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class Bag(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Ids of n-grams of each row, ragged (batch, any) -> (batch, outputs): what they say together.

    An n-gram counts by `weights`, (n-grams,), its idf times the scale of its text: `shares` has that, ragged
    (batch, any). Of many outputs the table has fewer columns, and a dense layer without a bias follows.
    Where words have vectors, `meanings` of them are summed up, (batch, meanings), and say more along `directions`.
    """

    def __init__(
        self, grams: int, outputs: int, columns: int, *, meanings: int, rate: float, penalty: float, **options: Any
    ) -> None:
        super().__init__(**options)
        self._grams, self._outputs, self._columns, self._meanings = grams, outputs, columns, meanings
        self._rate, self._penalty = rate, penalty

    @property
    def own_rates(self) -> dict[str, tuple[float, float]]:
        """Say which weights move at a rate of their own, with a penalty of their own."""
        own = [self._table, self._directions] if self._meanings else [self._table]
        return {each.path: (self._rate, self._penalty) for each in own}

    def build(self, _shapes: Any) -> None:
        low_rank = self._columns < self._outputs
        begin = keras.initializers.RandomUniform(-0.01, 0.01) if low_rank else "zeros"
        self._table = self.add_weight(shape=(self._grams, self._columns), initializer=begin, name="table")
        if self._meanings:
            self._directions = self.add_weight(
                shape=(self._meanings, self._columns), initializer="zeros", name="directions"
            )
        if low_rank:
            self._kernel = self.add_weight(shape=(self._columns, self._outputs), name="kernel")

    def call(self, given: Any) -> Any:
        ids, shares, *meanings = given
        places = tf.stack([ids.value_rowids(), tf.cast(ids.flat_values, tf.int64)], axis=1)  # (all, 2)
        shape = tf.stack([ids.nrows(), tf.constant(self._grams, tf.int64)])
        rows = tf.SparseTensor(places, shares.flat_values, shape)  # (batch, n-grams)
        said = tf.sparse.sparse_dense_matmul(rows, self._table)
        if meanings:
            said += tf.matmul(meanings[0], self._directions)
        return tf.matmul(said, self._kernel) if self._columns < self._outputs else said

    def compute_output_spec(self, given: Any) -> Any:
        return keras.KerasTensor((None, self._outputs), "float32")

    @property
    def table(self) -> NDArray[np.float32]:
        """Return the table: (n-grams, columns)."""
        return np.array(self._table)

    @property
    def directions(self) -> NDArray[np.float32] | None:
        """Return what meanings say: (meanings, columns); None where words have none."""
        return np.array(self._directions) if self._meanings else None

    @property
    def kernel(self) -> NDArray[np.float32] | None:
        """Return the dense layer behind the table: (columns, outputs); None where the table has all outputs."""
        return np.array(self._kernel) if self._columns < self._outputs else None
