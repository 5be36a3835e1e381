"""The feature `number`: a finite number -> a column of a float32 or float64 tensor, NaN for missing.

It is of doubles where 32-bit floats would not tell the numbers of a column apart, such as times in milliseconds.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

from app.features.column_type import ColumnFeature
from app.features.packed import FLOAT32_MAX, IN_RANGE, PackedType


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

    def openapi(self, feature: Number) -> dict[str, Any]:
        if feature.minimum is None or feature.maximum is None:
            return {"type": "number"}
        digits = 6 if self.dtype == "float32" else 17
        seen = f"Seen in training: {feature.minimum:.{digits}g} to {feature.maximum:.{digits}g}."
        return {"type": "number", "description": seen}

    def strange(self, feature: Number) -> list[Any]:
        """Only what training saw: a graph may well overflow beyond, and then the run says so."""
        return [value for value in (feature.minimum, feature.maximum) if value is not None]
