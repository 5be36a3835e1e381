"""The network's part that reads tracks: a dense layer on each point, and the mean over the points that there are."""

from typing import Any

import keras
import tensorflow as tf

from training.features.encoder import Columns, Encoder, Purpose

from .options import TrackOptions

UNITS = 24


class MeanPoint(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """(batch, points, units), (batch,) ─> (batch, units), the mean without what is padded."""

    def call(self, both: Any) -> Any:
        points, length = both
        there = tf.cast(tf.range(tf.shape(points)[1], dtype=tf.int64)[None, :] < length[:, None], tf.float32)
        return tf.reduce_sum(points * there[:, :, None], axis=1) / tf.maximum(tf.cast(length, tf.float32), 1.0)[:, None]

    def compute_output_shape(self, shapes: Any) -> Any:
        return shapes[0][0], shapes[0][2]


class TrackEncoder(Encoder):
    """See `training.features.encoder.Encoder`."""

    def __init__(self, columns: Columns, options: TrackOptions, purpose: Purpose) -> None:
        ((type_, of_type),) = columns
        inputs = [keras.Input(one.shape, name=one.name, dtype=one.dtype) for one in type_.tensors(of_type)]
        self.raw = self.learned = inputs
        means = []
        for column, points, length in zip(of_type, inputs[::2], inputs[1::2], strict=True):
            near = keras.layers.Rescaling(1 / column.reach)(points)
            said = keras.layers.Dense(UNITS, activation="relu", name=f"{column.tensor}_each")(near)
            means.append(MeanPoint(name=f"{column.tensor}_mean")([said, length]))
        self.vector = keras.layers.Concatenate()(means) if len(means) > 1 else means[0]
