"""The feature `number`: a column of numbers -> a column of the tensor `numeric`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.sources.rules import ColumnRule
from app.sources.tally import NUMBERS, Tally, Verdict
from training.columns.arrays import Arrays
from training.columns.bins import number_bins, shortest
from training.columns.summaries import NumberSummary, Summary
from training.columns.values import finite, floats
from training.features.base import Column, Content, Mask
from training.features.numeric import statistics
from training.features.numeric.column_type import NumericType
from training.features.numeric.statistics import Floats
from training.features.options import NumberOptions

IDENTIFIER_MIN_ROWS = 20  # below, "all different" says little
IDENTIFIER_SHARE = 0.9  # of different values: some rows may have come twice
IDENTIFIER_NAME = re.compile(r"(^|[_\s.-])(id|ids|uid|uuid|guid|index|key|rownum|row)$|^unnamed: ?\d+$", re.IGNORECASE)
CAMEL_IDENTIFIER_NAME = re.compile(r"[a-z](Id|ID)$")  # customerID, PassengerId
EXACT_WHOLE = 2**53  # up to which a float tells whole numbers apart
SHOWN_DIGITS, DOUBLE_DIGITS = 6, 15  # of the ends of a range, significant


@dataclass(frozen=True)
class NumberColumn(Column):
    """A number of the training rows."""

    floats: Floats


class Number(NumericType):
    """See `training.features.base.FeatureType`."""

    name = "number"
    tensor = "numeric"
    has_order = True

    def certainty(self, tally: Tally, verdict: Verdict) -> float:
        return float(verdict.kind == NUMBERS)

    def cells(self, values: pa.Array, rule: ColumnRule) -> NDArray[Any]:
        return finite(floats(values, rule))

    def is_missing(self, cells: NDArray[Any]) -> Mask:
        missing: Mask = np.isnan(cells)
        return missing

    def summary(self, *, trained: bool = False) -> Summary:
        return NumberSummary(rounded=trained)

    def places(self, cells: NDArray[Any], of: Summary) -> NDArray[np.float64]:
        return cells.astype(np.float64)

    def objection(self, content: Content, name: str) -> str | None:
        return super().objection(content, name) or _identifies(content, name)

    def describe(self, cells: pd.Series, options: NumberOptions, of: Summary, trained: Summary) -> NumberColumn:
        floats = statistics.describe(cells.to_numpy(np.float64), options.bins)
        assert isinstance(trained, NumberSummary)
        floats = statistics.exact(floats, trained)
        return NumberColumn(str(cells.name), floats.missing_share, floats)

    def together(self, columns: Sequence[NumberColumn]) -> tuple[NumberColumn, ...]:
        """Take all numbers as doubles where one of them needs it: they share a tensor."""
        double = self.dtype(columns) == "float64"
        return tuple(
            one if one.floats.double == double else replace(one, floats=replace(one.floats, double=double))
            for one in columns
        )

    def recut(self, exact: NumberColumn, sampled: NumberColumn) -> NumberColumn:
        return replace(exact, floats=statistics.recut(exact.floats, sampled.floats))

    def floats(self, column: NumberColumn) -> Sequence[Floats]:
        return (column.floats,)

    def arrays(self, columns: Sequence[Any], cells: pd.DataFrame) -> dict[str, NDArray[Any]]:
        return {self.tensor: cells.to_numpy(self.dtype(columns))}  # (rows, features)

    def cell(self, value: Any) -> float:
        return np.nan if value is None else float(value)

    def value(self, cell: float) -> Any:
        if np.isnan(cell):
            return None
        return int(cell) if float(cell).is_integer() and abs(cell) < EXACT_WHOLE else float(cell)

    def slices(self, column: NumberColumn, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        values = arrays[self.tensor][:, 0]
        for low, high, rows in statistics.slices(trained[self.tensor][:, 0], values):
            yield _range(low, high, DOUBLE_DIGITS if column.floats.double else SHOWN_DIGITS), rows
        yield "missing", np.isnan(values)

    def bins(self, column: NumberColumn, arrays: Arrays) -> dict[str, Any]:
        return number_bins(arrays[self.tensor][:, 0])

    def manifest(self, column: NumberColumn, place: int) -> Mapping[str, Any]:
        floats, keys = column.floats, super().manifest(column, place)
        if floats.double:
            return {**keys, "dtype": "float64", "minimum": floats.minimum, "maximum": floats.maximum}
        return {**keys, "minimum": shortest(floats.minimum), "maximum": shortest(floats.maximum)}


def _identifies(content: Content, name: str) -> str | None:
    """Say whether a column numbers the rows: integers, nearly all different, without gaps or named like a key."""
    of = content.of
    assert isinstance(of, NumberSummary)
    few = content.different < max(IDENTIFIER_SHARE * of.present, IDENTIFIER_MIN_ROWS)
    if few or not of.is_whole:
        return None
    if of.moments.maximum - of.moments.minimum + 1 == content.different:
        return "it numbers the rows"
    if IDENTIFIER_NAME.search(name) or CAMEL_IDENTIFIER_NAME.search(name):
        return "named like an identifier, and nearly every value is different"
    return None


def _range(low: float, high: float, digits: int) -> str:
    if np.isinf(low):
        return f"to {high:.{digits}g}"
    return f"above {low:.{digits}g}" if np.isinf(high) else f"above {low:.{digits}g} to {high:.{digits}g}"
