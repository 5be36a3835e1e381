"""Tensors: arrays of rows as TensorFlow holds them."""

from typing import Any

import tensorflow as tf

from training.columns.arrays import Ragged


def tensor_of(array: Any) -> Any:
    """Return an array as a tensor, and rows of any length as a ragged one."""
    if isinstance(array, Ragged):
        return tf.RaggedTensor.from_row_splits(array.values, array.splits, validate=False)
    return tf.constant(array)


def tensors_of(arrays: Any) -> Any:
    """Return any structure of arrays as the same of tensors."""
    return tf.nest.map_structure(tensor_of, arrays)
