"""The base of types whose features stand side by side in one tensor: a column each, or a few.

It knows which columns are whose, and what may be missing. It knows no type.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np

from app.features.base import Arrays, Feature, FeatureType, WireFault
from app.tensors import BY_BUNDLE, OBJECT, Array, TensorSpec

COLUMNS_MAX = 1_000_000  # more than there can be features; one of 2 ** 63 is no index of an array


class ColumnFeature(Feature, frozen=True, kw_only=True):
    """`column` is its place in the second dimension of the input `tensor`, counted in features of the type."""

    tensor: str
    column: Annotated[int, msgspec.Meta(ge=0, le=COLUMNS_MAX)]


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

    def from_arrow(self, columns: Mapping[str, Any], unread: Array) -> dict[str, Array]:
        whole = np.empty((len(unread), len(self.columns)), BY_BUNDLE[self.dtype].dtype)  # (rows, columns)
        for place, feature in enumerate(self.features):
            at = place * self.width
            values = self.column_of(place, columns[feature.name], unread)
            with np.errstate(over="ignore"):  # of a value that is marked
                whole[:, at : at + self.width] = values
        return {self.tensor: whole}

    def column_of(self, place: int, column: Any, unread: Array) -> Array:
        """Turn the Arrow column of the feature at `place` into (rows, width), and mark rows in `unread`."""
        raise NotImplementedError


def _missing(values: Array) -> Array:
    return np.asarray(values == "") if values.dtype == OBJECT else np.isnan(values)


def _no_value(values: Array) -> Array:
    return _missing(values) if values.dtype == OBJECT else ~np.isfinite(values)
