"""What types share whose features are floats in a tensor of their own: (rows, features * width), NaN for missing."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Arrays
from training.features.base import FeatureType, Tabular, Tensor, scattered
from training.features.numeric.statistics import Floats


class NumericType(FeatureType):
    """A type whose features are floats."""

    encoder = "training.features.numeric.encoder:NumericEncoder"
    tensor: ClassVar[str]
    width: ClassVar[int] = 1  # floats of a feature

    @abstractmethod
    def floats(self, column: Any) -> Sequence[Floats]:
        """Return the statistics of a feature's floats, in the order of the tensor's columns."""

    def dtype(self, columns: Sequence[Any]) -> str:
        """Return the dtype of the tensor: doubles where 32 bits do not tell the numbers of a column apart."""
        return "float64" if any(each.double for column in columns for each in self.floats(column)) else "float32"

    def tensors(self, columns: Sequence[Any]) -> tuple[Tensor, ...]:
        return (Tensor(self.tensor, self.dtype(columns), (len(columns) * self.width,)),)

    def spoiled(self, columns: Sequence[Any], arrays: Arrays, random: np.random.Generator) -> dict[str, NDArray[Any]]:
        return {self.tensor: scattered(arrays[self.tensor], (np.nan, 0.0, -1e30, 1e30), random)}

    def tabular(self, column: Any, arrays: Arrays) -> Tabular:
        return Tabular.of(numbers=arrays[self.tensor])

    def manifest(self, column: Any, place: int) -> Mapping[str, Any]:
        return {"tensor": self.tensor, "column": place}
