"""The feature `boolean`: a column of true and false -> a column of the tensor `boolean`, 1 and 0."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from training.columns.arrays import Arrays
from training.columns.values import BOOLEANS, as_truths, is_boolean, is_text
from training.features.base import Mask
from training.features.number import Number, NumberColumn
from training.features.numeric.column_type import NumericType

WORDS = pa.array(list(BOOLEANS))


class Boolean(Number):
    """See `training.features.base.FeatureType`; beside what is read and said, a truth is the number 0 or 1."""

    name = "boolean"
    tensor = "boolean"

    def certainty(self, series: pd.Series) -> float:
        return float(is_boolean(series))

    def convert(self, series: pd.Series) -> pd.Series:
        return as_truths(series)

    def read(self, values: Any) -> pd.Series | None:
        words = pc.utf8_lower(values) if is_text(values) else values
        if is_text(values) and pc.all(pc.is_in(words.drop_null(), WORDS), min_count=0).as_py():
            words = pc.equal(words, "true")
        return pd.Series(pc.cast(words, pa.float64()).to_numpy()) if pa.types.is_boolean(words.type) else None

    def value(self, cell: float) -> Any:
        return None if np.isnan(cell) else bool(cell)

    def slices(self, column: NumberColumn, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        values = arrays[self.tensor][:, 0]
        yield from (("false", values == 0), ("true", values == 1), ("missing", np.isnan(values)))

    def manifest(self, column: NumberColumn, place: int) -> Mapping[str, Any]:
        return NumericType.manifest(self, column, place)
