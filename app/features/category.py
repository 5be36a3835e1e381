"""The feature `category`: a word -> a column of a string tensor, "" for missing.

Any word may come; those that are not in the vocabulary are unknown to the graph. It knows nothing of other types.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np

from app.bins.category import CategoryBins, CategoryCounter
from app.bins.layout import Counted, Floats
from app.features.base import Arrays, Count
from app.features.column_type import ColumnFeature, ColumnType
from app.tensors import Array

Text = Annotated[str, msgspec.Meta(min_length=1)]  # "" is how a tensor says missing
UNKNOWN_WORD = "\u2047"  # a word that no vocabulary holds
EXAMPLES_MAX = 20


class Category(ColumnFeature, frozen=True, kw_only=True):
    """The keys of a feature."""

    vocabulary: tuple[str, ...] | None = None  # the known values


class Categories(ColumnType):
    """See `app.features.base.FeatureType`."""

    form = Category
    bins = CategoryBins
    dtype = "string"

    def json_type(self, feature: Category) -> Any:
        return str | None if feature.optional else Text

    def cell(self, values: Sequence[Any]) -> Sequence[str]:
        return tuple(["" if value is None else value for value in values]) if None in values else values

    def arrays(self, cells: Sequence[Any]) -> dict[str, Array]:
        return {self.tensor: np.array(cells, object)}  # (rows, features)

    def column_of(self, feature: Category, column: Any) -> Array:
        values: Array = column.cast("string").fill_null("").to_numpy(zero_copy_only=False)
        return values.astype(object).reshape(-1, 1)

    def openapi(self, feature: Category) -> dict[str, Any]:
        if not feature.vocabulary:
            return {"type": "string"}
        known = f"{len(feature.vocabulary)} values known from training; others are treated as unknown."
        return {"type": "string", "examples": list(feature.vocabulary[:EXAMPLES_MAX]), "description": known}

    def strange(self, feature: Category) -> list[Any]:
        return [UNKNOWN_WORD]

    def counter(self, counted: Mapping[str, Counted]) -> Count:
        counters = [
            CategoryCounter(int(column), counted[feature.name], feature.vocabulary or ())
            for column, feature in zip(self.columns, self.features, strict=True)
            if feature.name in counted
        ]
        self.longest = max(counter.longest for counter in counters)

        def count(arrays: Arrays, found: Floats, out_of_range: Floats) -> None:
            for counter in counters:
                counter.count(arrays[self.tensor], found)

        return count
