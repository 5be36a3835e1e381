"""Encoder: the part of a network that reads the tensors of some features.

    tensors ─ lookup (once a row, before the fit) ─> what is learned from ─> a vector a row ─┐
                                                             of other encoders ──────────────┴─> join ─> trunk

An encoder may be built otherwise for the network that is fitted than for the one that is served: `fold` then says what
the layer behind it becomes. It knows nothing about tasks, or how networks are fitted; the types of features name the
encoders there are.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from training.features.base import FeatureType

Columns = Sequence[tuple[FeatureType, Sequence[Any]]]  # each type that shares the encoder, with its features
Kernel = NDArray[np.float32]  # (inputs, units)


class Encoder(ABC):
    """What all features of one or more types become, in the network that is `fitted` or in the one that is served."""

    exact: ClassVar[tuple[str, ...]] = ()  # names of layers whose constants no format of fewer than 32 bits can hold

    raw: Sequence[Any]  # Keras inputs, as the served graph takes them
    learned: Sequence[Any]  # Keras inputs of what is fitted; `raw` itself where there is nothing to look up
    lookup: Any | None = None  # Keras model: raw -> learned
    vector: Any  # Keras tensor made of `learned`: (batch, width) float32

    @abstractmethod
    def __init__(self, columns: Columns, options: Any, fitted: bool) -> None: ...

    @property
    def width(self) -> int:
        return int(self.vector.shape[-1])

    def fold(self, kernel: Kernel) -> tuple[Kernel, NDArray[np.float32]]:
        """Return what a dense layer on this vector becomes on that of the served network's encoder.

        Of its (width, units) kernel: the kernel in the served network, and what comes to the bias, (units,).
        """
        return kernel, np.zeros(kernel.shape[1], np.float32)
