"""The base of types whose features stand side by side in one tensor: a column each, or a few.

It knows which columns are whose, and what may be missing. It knows no type.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np

from app.features.base import Arrays, Fault, Feature, FeatureType, WireFault
from app.tensors import BY_BUNDLE, OBJECT, Array, TensorSpec


class ColumnFeature(Feature, frozen=True, kw_only=True):
    """`column` is its place in the second dimension of the input `tensor`, counted in features of the type."""

    tensor: str
    column: Annotated[int, msgspec.Meta(ge=0)]


class ColumnType(FeatureType):
    """See `app.features.base.FeatureType`."""

    dtype: str
    width: ClassVar[int] = 1  # columns of a feature

    def __init__(self, features: Sequence[ColumnFeature]) -> None:
        self.features: Sequence[Any] = sorted(features, key=lambda feature: feature.column)
        self.tensor = features[0].tensor
        if others := {feature.tensor for feature in features} - {self.tensor}:
            received = f"{self.tensor}, {', '.join(others)}"
            raise ValueError(f"expected one tensor for all features of a type. Received: {received}")
        columns = [f.column * self.width + part for f in self.features for part in range(self.width)]
        self.columns = np.array(columns, np.int64)  # (columns of these features,)
        self.inputs = (TensorSpec(self.tensor, BY_BUNDLE[self.dtype], (None, len(columns))),)
        self._optional = np.repeat([feature.optional for feature in self.features], self.width)  # (columns,)

    def own(self, array: Array) -> Array:
        """Return the columns of these features, in their order, out of the whole tensor."""
        return array if array.shape[1] == len(self.columns) else array[:, self.columns]

    def from_wire(self, arrays: Arrays) -> dict[str, Array]:
        """NaN and "" stand for a missing value, which only an optional feature may have; infinity is no value."""
        values = self.own(arrays[self.tensor])
        bad = _no_value(values)
        if bad.any():
            bad &= ~(self._optional & _missing(values))
        if bad.any():
            row, column = np.argwhere(bad)[0].tolist()
            name = self.features[column // self.width].name
            index = (row, int(self.columns[column]))
            raise WireFault(self.tensor, index, f"a value of `{name}`", values[row, column])
        return {self.tensor: arrays[self.tensor]}

    def from_arrow(self, columns: Mapping[str, Any]) -> dict[str, Array]:
        values = [self._from_arrow(place, columns[each.name]) for place, each in enumerate(self.features)]
        return {self.tensor: np.concatenate(values, axis=1)}  # (rows, columns)

    def column_of(self, feature: Any, column: Any) -> Array:
        """Turn an Arrow column into (rows, width), NaN and "" for missing; raises `Fault` without a place."""
        raise NotImplementedError

    def _from_arrow(self, place: int, column: Any) -> Array:
        feature = self.features[place]
        values = self.column_of(feature, column)
        bad = _no_value(values) & ~(feature.optional & _missing(values))  # (rows, width)
        if bad.any():
            row = int(np.argwhere(bad)[0][0])
            raise Fault(place, f"a value of `{feature.name}`", column[row], row)
        return values


def _missing(values: Array) -> Array:
    return np.asarray(values == "") if values.dtype == OBJECT else np.isnan(values)


def _no_value(values: Array) -> Array:
    return _missing(values) if values.dtype == OBJECT else ~np.isfinite(values)
