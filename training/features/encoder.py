"""Encoder: the part of a network that reads the tensors of some features.

    tensors ─ front ─> raw ─ lookup (both once a row, before the fit) ─> learned ─┬─> vector ─ join ─ trunk ─┐
                                                                                  └─> said of the answer ─────┴─ +

An encoder may be built otherwise for the network that is fitted than for the one that is served: `fold` then says what
the layer behind it becomes, and `adopt` takes over weights of its own. What Keras cannot read has a front: an ONNX
graph that stands before that of Keras where it is served, and the same in NumPy.
It knows nothing about tasks, or how networks are fitted; the types of features name the encoders there are.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Arrays
from training.features.base import FeatureType
from training.options.rooms import Precision

if TYPE_CHECKING:
    import onnx

Columns = Sequence[tuple[FeatureType, Sequence[Any]]]  # each type that shares the encoder, with its features
Kernel = NDArray[np.float32]  # (inputs, units)


@dataclass(frozen=True)
class Purpose:
    """What network an encoder is made for."""

    fitted: bool  # or served
    width: int  # numbers that are said of a row; 0: by a network of the task's own
    flatness: float = 1.0  # of the loss; see `training.tasks.base.Task.flatness`


@dataclass(frozen=True, eq=False)
class SmallerFront:
    """A graph that takes and gives what a front does."""

    name: str  # said to people
    precision: Precision
    graph: "onnx.ModelProto"


class Encoder(ABC):
    """What all features of one or more types become, in the network that is `fitted` or in the one that is served."""

    exact: ClassVar[tuple[str, ...]] = ()  # names of layers whose constants no format of fewer than 32 bits can hold

    raw: Sequence[Any]  # Keras inputs, as the served graph takes them, or as its front gives them
    learned: Sequence[Any]  # Keras inputs of what is fitted; `raw` itself where there is nothing to look up
    lookup: Any | None = None  # Keras model: raw -> learned
    vector: Any | None = None  # Keras tensor made of `learned`: (batch, width) float32, for the trunk
    said: Any | None = None  # likewise, (batch, `Purpose.width`): added to what the trunk says

    @abstractmethod
    def __init__(self, columns: Columns, options: Any, purpose: Purpose) -> None: ...

    @property
    def width(self) -> int:
        return 0 if self.vector is None else int(self.vector.shape[-1])

    def fold(self, kernel: Kernel) -> tuple[Kernel, NDArray[np.float32]]:
        """Return what a dense layer on this vector becomes on that of the served network's encoder.

        Of its (width, units) kernel: the kernel in the served network, and what comes to the bias, (units,).
        """
        return kernel, np.zeros(kernel.shape[1], np.float32)

    def adopt(self, other: "Encoder") -> None:  # noqa: B027 - most have nothing that Keras does not copy
        """Take over the weights of another network's encoder that are no weights of this one's layers."""

    def sections(self, arrays: Arrays, outputs: Sequence[str]) -> Iterator[str]:
        """Yield what the card and the report say of what was learned, in Markdown, by training rows.

        `outputs` are what the numbers are about that are said of a row.
        """
        yield from ()

    def front(self, arrays: Arrays) -> dict[str, Any]:
        """Return `raw` of tensors as callers send them."""
        return {tensor.name: arrays[tensor.name] for tensor in self.raw}

    def front_graph(self) -> "onnx.ModelProto | None":
        """Return the same as an ONNX graph; None: tensors are `raw` as they are."""
        return None

    def smaller_fronts(self) -> "Iterator[SmallerFront]":
        """Yield graphs that may stand in the place of the front: smaller, and perhaps as good."""
        yield from ()
