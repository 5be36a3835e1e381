"""The feature `number`: a finite number -> a column of a float32 or float64 tensor, NaN for missing.

It is of doubles where 32-bit floats would not tell the numbers of a column apart, such as times in milliseconds.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from app.bins.number import NumberBins
from app.features.column_type import ColumnFeature
from app.features.packed import FLOAT32_MAX, IN_RANGE, PackedType
from app.tensors import Array


class Number(ColumnFeature, frozen=True, kw_only=True):
    """The keys of a feature."""

    dtype: Literal["float32", "float64"] = "float32"  # of the tensor
    minimum: float | None = None  # observed in the training split
    maximum: float | None = None


class Numbers(PackedType):
    """See `app.features.base.FeatureType`."""

    form = Number

    def __init__(self, features: Sequence[Number]) -> None:
        self.dtype = features[0].dtype
        if any(feature.dtype != self.dtype for feature in features):
            raise ValueError(f"expected one `dtype` for all numbers. Received: {[f.dtype for f in features]!s:.200}")
        super().__init__(features)

    def json_type(self, feature: Number) -> Any:
        return float | None if feature.optional else float

    def read_text(self, feature: Number, text: str) -> float:
        try:
            value = math.nan if "_" in text else float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= FLOAT32_MAX:  # nor NaN
            raise ValueError(IN_RANGE)
        return value

    def column_of(self, place: int, column: Any, unread: Array) -> Array:
        values = self._read(column)  # (rows,)
        if values is None:
            from app.sources import numbers, words  # noqa: PLC0415 - a service needs no Arrow

            texts = words.as_words(column)
            read = numbers.read_plain(texts)
            values = read.to_numpy(zero_copy_only=False)
            if read.null_count > texts.null_count or np.isnan(values).sum() > texts.null_count:
                unread |= np.isnan(values) & texts.is_valid().to_numpy(zero_copy_only=False)
        elif values.dtype.kind == "i" and not column.null_count:
            return values.reshape(-1, 1)
        return self.marked(place, values, unread)

    def holds(self, feature: Number, kind: Any) -> bool:
        return str(kind) != "bool" and super().holds(feature, kind)

    def _read(self, column: Any) -> Array | None:
        """Return a column as NumPy has it, NaN for null, if its numbers are those that its texts would say."""
        kind = str(column.type)
        exact = kind in ("float", "double") if self.dtype == "float32" else kind == "double"
        if (not exact and "int" not in kind) or "<" in kind:
            return None
        values: Array = column.to_numpy(zero_copy_only=False)
        return values.astype(np.float64) if kind in ("int64", "uint64", "uint32") else values

    def openapi(self, feature: Number) -> dict[str, Any]:
        if feature.minimum is None or feature.maximum is None:
            return {"type": "number"}
        digits = 6 if self.dtype == "float32" else 17
        seen = f"Seen in training: {feature.minimum:.{digits}g} to {feature.maximum:.{digits}g}."
        return {"type": "number", "description": seen}

    def strange(self, feature: Number) -> list[Any]:
        """Only what training saw: a graph may well overflow beyond, and then the run says so."""
        return [value for value in (feature.minimum, feature.maximum) if value is not None]

    def typical(self, feature: Number, bins: NumberBins | None) -> float | None:
        median = None if bins is None else bins.median
        if median is None and feature.minimum is not None and feature.maximum is not None:
            median = feature.minimum / 2 + feature.maximum / 2
        return median if median is not None or feature.optional else 0.0
