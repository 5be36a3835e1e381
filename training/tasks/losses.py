"""Losses: what the fit makes small, beyond Keras' own losses.

It knows nothing about networks or callbacks.
"""

from typing import Any

import keras
import tensorflow as tf

from training.options import Options
from training.tasks.base import Task


class OfMembers(keras.losses.Loss):  # type: ignore[misc]  # keras ships no types
    """A loss that takes (batch, outputs) as it is, and (batch, members, outputs) as so many rows more."""

    def __init__(self, loss: Any) -> None:
        super().__init__(name="loss")
        self._loss = loss

    def call(self, y: Any, outputs: Any) -> Any:
        """Return the mean over the batch where there are no members, else each row's, (batch,)."""
        if outputs.shape.rank == 2:
            return self._loss.call(y, outputs)
        members, width = outputs.shape[1:]
        by_row = tf.expand_dims(y, 1) if y.shape.rank == 1 else y
        repeated = tf.repeat(by_row, members, axis=0)  # (batch * members, …)
        values = self._loss.call(repeated, tf.reshape(outputs, (-1, width)))
        return tf.reduce_mean(tf.reshape(values, (-1, members)), axis=1)  # (batch,)


class Smoothed(keras.losses.Loss):  # type: ignore[misc]  # keras ships no types
    """Cross-entropy with labels that are not quite certain: (batch,) labels, (batch, outputs) logits.

    Label smoothing: Szegedy and others 2016, "Rethinking the Inception architecture for computer vision".
    """

    def __init__(self, smoothing: float) -> None:
        super().__init__(name="loss")
        self._smoothing = smoothing

    def call(self, y: Any, logits: Any) -> Any:
        log_shares = tf.nn.log_softmax(logits)  # (batch, outputs)
        labels = tf.cast(tf.reshape(y, (-1,)), tf.int32)
        right = tf.reduce_sum(tf.one_hot(labels, logits.shape[-1]) * log_shares, axis=-1)  # (batch,)
        return -(1 - self._smoothing) * right - self._smoothing * tf.reduce_mean(log_shares, axis=-1)


def loss_of(task: Task, options: Options) -> Any:
    """Return the Keras loss on what the trunk says, in training and in validation."""
    loss = task.loss(options)
    return OfMembers(loss) if options.network.members > 1 and not task.has_own_network else loss
