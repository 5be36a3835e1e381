"""The feature `number`: a finite number -> a column of a float32 tensor, NaN for missing."""

import math
from typing import Any

from app.features.column_type import ColumnFeature
from app.features.packed import FLOAT32_MAX, IN_RANGE, PackedType


class Number(ColumnFeature, frozen=True, kw_only=True):
    """The keys of a feature."""

    minimum: float | None = None  # observed in the training split
    maximum: float | None = None


class Numbers(PackedType):
    """See `app.features.base.FeatureType`."""

    form = Number

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
        return {"type": "number", "description": f"Seen in training: {feature.minimum:g} to {feature.maximum:g}."}

    def strange(self, feature: Number) -> list[Any]:
        """Only what training saw: a graph may well overflow beyond, and then the run says so."""
        return [value for value in (feature.minimum, feature.maximum) if value is not None]
