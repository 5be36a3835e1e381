"""The feature `boolean`: a column of true and false -> a column of the tensor `boolean`, 1 and 0."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.sources import words
from app.sources.rules import ColumnRule
from app.sources.tally import TRUTHS, Tally, Verdict
from training.columns.arrays import Arrays
from training.features.base import Mask
from training.features.number import Number, NumberColumn
from training.features.numeric.column_type import NumericType


class Boolean(Number):
    """See `training.features.base.FeatureType`; beside what is read and said, a truth is the number 0 or 1."""

    name = "boolean"
    tensor = "boolean"
    has_order = False

    def certainty(self, tally: Tally, verdict: Verdict) -> float:
        return float(verdict.kind == TRUTHS)

    def cells(self, values: pa.Array, rule: ColumnRule) -> NDArray[Any]:
        truths = values if pa.types.is_boolean(values.type) else words.booleans(words.as_words(values))
        found: NDArray[np.float64] = pc.cast(truths, pa.float64()).to_numpy(zero_copy_only=False)
        return found

    def value(self, cell: float) -> Any:
        return None if np.isnan(cell) else bool(cell)

    def slices(self, column: NumberColumn, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        values = arrays[self.tensor][:, 0]
        yield from (("false", values == 0), ("true", values == 1), ("missing", np.isnan(values)))

    def manifest(self, column: NumberColumn, place: int) -> Mapping[str, Any]:
        return NumericType.manifest(self, column, place)
