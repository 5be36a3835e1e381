"""The encoder of floats: numbers, booleans and the parts of dates side by side -> a vector, in one layer for all.

    numeric ─┐                                (all in doubles where one of them is, up to the encoded vector)
    boolean ─┼─ join ─ EncodeNumbers ─────> vector of the served network
    date ────┘       └ EmbedNumbers of it ─> vector of the fitted network, whose next layer takes it in: `fold`

It knows nothing about tasks or how networks are fitted.
"""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from training.features.encoder import Columns, Encoder, Kernel, Purpose
from training.features.numeric.column_type import NumericType
from training.features.numeric.layers import EmbedNumbers, EncodeNumbers
from training.features.options import NumberOptions

ENCODE = "encode_numbers"  # names of layers, and so parts of their nodes' names
SUMS = "embed_numbers"  # a layer that only training has


class NumericEncoder(Encoder):
    """See `training.features.encoder.Encoder`."""

    exact = (ENCODE,)  # constants in the columns' own units

    def __init__(self, columns: Columns, options: NumberOptions, purpose: Purpose) -> None:
        tensors, floats = [], []
        for type_, of_type in columns:
            assert isinstance(type_, NumericType)
            (tensor,) = type_.tensors(of_type)
            tensors.append(keras.Input(tensor.shape, name=tensor.name, dtype=tensor.dtype))
            floats += [each for column in of_type for each in type_.floats(column)]
        self.raw = self.learned = tensors
        dtype = "float64" if any(each.double for each in floats) else "float32"
        join = keras.layers.Concatenate(name="join_numbers", dtype=dtype)
        joined = join(tensors) if len(tensors) > 1 else tensors[0]
        encode = EncodeNumbers(tuple(floats), name=ENCODE, dtype=dtype)
        wanted = purpose.fitted and options.sums
        self._sums: Any | None = EmbedNumbers(encode, options.sums, name=SUMS) if wanted else None
        self.vector = (self._sums or encode)(joined)

    def fold(self, kernel: Kernel) -> tuple[Kernel, NDArray[np.float32]]:
        if self._sums is None:
            return super().fold(kernel)
        folded: tuple[Kernel, NDArray[np.float32]] = self._sums.fold(kernel)
        return folded
