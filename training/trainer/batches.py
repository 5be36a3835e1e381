"""Feed: encoded rows -> batches, epoch by epoch, each row once an epoch.

The order is asked for when an epoch begins, so a fit that begins with a later epoch sees the batches that it would
have seen there. It knows nothing about how the rows were made or what learns from them.
"""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.columns.arrays import Arrays
from training.network.tensors import tensors_of

AS_IT_IS = tf.autograph.experimental.do_not_convert  # nothing in them is to be converted, and to look takes as long


class EpochFeed(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """What a fit is fed with; as a callback of it, it learns which epoch begins."""

    def __init__(self, rows: int, batch_rows: int, seed: int) -> None:
        super().__init__()
        self._rows, self._batch_rows, self._seed, self._epoch = rows, batch_rows, seed, 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch

    @property
    def steps(self) -> int:
        """Batches of an epoch; the last one has what is left."""
        return -(-self._rows // self._batch_rows)


class Feed(EpochFeed):
    """The batches of a training part: `arrays` are (rows, …) by name, `y` and `weights` (rows,)."""

    def __init__(
        self, arrays: Arrays, y: NDArray[Any], *, batch_rows: int, seed: int, weights: NDArray[np.float32] | None = None
    ) -> None:
        super().__init__(len(y), batch_rows, seed)
        self._arrays, self._y, self._weights = arrays, y, weights

    def batches(self) -> Any:
        """Return a `tf.data.Dataset`; an iteration is an epoch."""
        given = (dict(self._arrays), self._y, *([] if self._weights is None else [self._weights]))
        tensors = tensors_of(given)

        def take(rows: Any) -> Any:
            return tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), tensors)

        orders = tf.data.Dataset.from_generator(self._orders, output_signature=tf.TensorSpec((len(self._y),), tf.int64))
        places = orders.flat_map(AS_IT_IS(self._cut)).apply(tf.data.experimental.assert_cardinality(self.steps))
        return places.map(AS_IT_IS(take), num_parallel_calls=1, deterministic=True).prefetch(tf.data.AUTOTUNE)

    def _orders(self) -> Iterator[NDArray[np.int64]]:
        yield order(self._seed, self._epoch, len(self._y))

    def _cut(self, rows: Any) -> Any:
        """Cut an order into batches, (batch,) each; slices of whole batches cost less than a batch of slices."""
        whole = len(self._y) // self._batch_rows * self._batch_rows
        parts = tf.data.Dataset.from_tensor_slices(tf.reshape(rows[:whole], (-1, self._batch_rows)))
        if whole == len(self._y):
            return parts
        return parts.concatenate(tf.data.Dataset.from_tensors(rows[whole:]))


def in_order(inputs: list[NDArray[Any]], given: list[NDArray[Any]], batch_rows: int) -> Any:
    """Return a `tf.data.Dataset` of the rows as they stand, with target and weights, each in its own precision."""
    tensors = tensors_of((tuple(inputs), *given))
    starts = tf.data.Dataset.range(0, len(given[0]), batch_rows)
    found = starts.map(AS_IT_IS(lambda at: tf.nest.map_structure(lambda tensor: tensor[at : at + batch_rows], tensors)))
    options = tf.data.Options()  # as Keras has it for arrays: there is no file that each worker could have
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return found.with_options(options)


def order(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    """Return every row's number once, shuffled: (rows,). Epochs count from 0."""
    return np.random.default_rng([seed, epoch]).permutation(rows)
