"""The feature `boolean`: true or false -> 1 or 0 in a column of a float32 tensor, NaN for missing."""

from typing import Any

from app.bins.number import NumberBins
from app.features.column_type import ColumnFeature
from app.features.packed import PackedType

WORDS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


class Booleans(PackedType):
    """See `app.features.base.FeatureType`."""

    form = ColumnFeature

    def json_type(self, feature: ColumnFeature) -> Any:
        return bool | None if feature.optional else bool

    def read_text(self, feature: ColumnFeature, text: str) -> bool:
        value = WORDS.get(text.strip().lower())
        if value is None:
            raise ValueError("true or false")
        return value

    def openapi(self, feature: ColumnFeature) -> dict[str, Any]:
        return {"type": "boolean"}

    def strange(self, feature: ColumnFeature) -> list[Any]:
        return [False, True]

    def typical(self, feature: ColumnFeature, bins: NumberBins | None) -> bool:
        return bins is not None and bool(bins.median)
