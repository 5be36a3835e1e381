"""The feature `date`: a column of moments -> the parts of each, side by side in the tensor `date`.

    "2024-02-29 13:05" ─ app.features.date.parts, on the clock of the column ─> 2024, 2, 29, 4, 13

A date is written as in ISO 8601, `YYYY-MM-DD`, with or without `HH:MM[:SS]` and an offset behind it, or is a date in
Parquet; 01/02/2024 stays a name, since nobody can say which number is the month.
A column has the offset that its values say. Where they say several, it is in UTC; what says none is read in the
column's; where none says one, neither may callers. The service calls the same function.
It knows nothing about other types.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.features import date
from app.features.date import PARTS
from app.sources import dates
from app.sources.rules import ColumnRule, DateForm
from app.sources.tally import DATES, Tally, Verdict
from training.columns.arrays import Arrays
from training.columns.bins import number_bins
from training.columns.summaries import Summary
from training.columns.values import is_empty_text, texts
from training.features.base import Column, Mask
from training.features.numeric import statistics
from training.features.numeric.column_type import NumericType
from training.features.numeric.statistics import Floats
from training.features.options import NumberOptions
from training.rendering.markdown import code

ISO_DATES = DateForm()
UTC = "+00:00"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
OFFSET = r"[T ]\d\d:\d\d\S*?\s?(Z|[+-]\d\d(?::?\d\d)?)$"


@dataclass(frozen=True)
class DateColumn(Column):
    """Moments of the training rows."""

    offset: str | None  # of the column's clock; None: nobody says one
    parts: tuple[Floats, ...]
    minimum: str | None  # on the clock of the column; None: training saw none
    maximum: str | None


class DateSummary(Summary):
    """What is kept of moments: which offsets they say, and whether some say none."""

    def __init__(self) -> None:
        super().__init__(is_empty_text)
        self.offsets: set[str] = set()
        self.some_without = False

    def add_present(self, present: NDArray[Any]) -> None:
        said = pd.Series(present).str.extract(OFFSET, expand=False)
        self.some_without |= bool(said.isna().any())
        self.offsets |= {_offset(word) for word in said.dropna().unique()}

    @property
    def offset(self) -> str | None:
        if not self.offsets:
            return None
        return next(iter(self.offsets)) if len(self.offsets) == 1 else UTC


class Date(NumericType):
    """See `training.features.base.FeatureType`."""

    name = "date"
    tensor = "date"
    width = len(PARTS)
    has_order = measures_time = True

    def certainty(self, tally: Tally, verdict: Verdict) -> float:
        return float(verdict.kind == DATES)

    def cells(self, values: pa.Array, rule: ColumnRule) -> NDArray[Any]:
        """Return texts as in ISO 8601; a day that no calendar has is missing."""
        return texts(dates.read(values, rule.date or ISO_DATES))

    def summary(self, *, trained: bool = False) -> Summary:
        return Summary(is_empty_text) if trained else DateSummary()

    def places(self, cells: NDArray[Any], of: Summary) -> NDArray[np.float64]:
        """Return seconds since 1970, UTC; a date without an offset is read at that of the column."""
        assert isinstance(of, DateSummary)
        texts = pd.Series(cells, dtype=object)
        moments = pd.to_datetime(texts.where(texts != ""), format="ISO8601", utc=True).to_numpy("M8[us]")
        seconds = np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
        if of.offset in (None, UTC):
            return seconds
        is_plain = texts.str.extract(OFFSET, expand=False).isna().to_numpy()
        return seconds - np.where(is_plain, _offset_s(of.offset), 0.0)

    def place_text(self, place: float) -> str:
        text = str(np.datetime64(round(place * 1e3), "ms")).replace("T", " ")
        return text.removesuffix(".000").removesuffix(" 00:00:00")

    def remarks(self, column: DateColumn, of: Summary) -> Iterator[str]:
        assert isinstance(of, DateSummary)
        if len(of.offsets) > 1:
            said = ", ".join(sorted(of.offsets))
            yield f"{code(column.name)} has dates of several offsets ({said}): all are taken in UTC"
        if of.offsets and of.some_without:
            yield f"{code(column.name)} has dates without an offset: they are read at {of.offset}"

    def describe(self, cells: pd.Series, options: NumberOptions, of: Summary, trained: Summary) -> DateColumn:
        assert isinstance(of, DateSummary)
        parts = _parts(cells, of.offset)  # (rows, parts)
        floats = tuple(statistics.describe(part, options.bins) for part in parts.T)
        missing = trained.missing_share
        floats = tuple(replace(each, missing_share=missing) for each in floats)
        moments = sorted(date.parse(text, of.offset) for text in cells[cells != ""].unique())
        ends = [moment.isoformat() for moment in (moments[0], moments[-1])] if moments else [None, None]
        return DateColumn(str(cells.name), missing, of.offset, floats, *ends)

    def recut(self, exact: DateColumn, sampled: DateColumn) -> DateColumn:
        return replace(exact, parts=tuple(map(statistics.recut, exact.parts, sampled.parts)))

    def floats(self, column: DateColumn) -> Sequence[Floats]:
        return column.parts

    def arrays(self, columns: Sequence[Any], cells: pd.DataFrame) -> dict[str, NDArray[Any]]:
        parts = [_parts(cells[column.name], column.offset) for column in columns]
        return {self.tensor: np.concatenate(parts, axis=1)}  # (rows, features * parts) float32

    def slices(self, column: DateColumn, trained: Arrays, arrays: Arrays) -> Iterator[tuple[str, Mask]]:
        """Yield the days of the week, and fifths of the time."""
        parts = arrays[self.tensor]  # (rows, parts)
        weekday = parts[:, PARTS.index("weekday")]
        for number, word in enumerate(WEEKDAYS, 1):
            yield word, weekday == number
        values = date.days(parts)
        for low, high, rows in statistics.slices(date.days(trained[self.tensor]), values):
            yield _range(low, high), rows
        yield "missing", np.isnan(values)

    def bins(self, column: DateColumn, arrays: Arrays) -> dict[str, Any]:
        return number_bins(date.days(arrays[self.tensor]))

    def section(self, column: DateColumn) -> Iterator[str]:
        clock = "without an offset" if column.offset is None else f"on the clock of {column.offset}"
        yield f"{code(column.name)} is read {clock}; training saw {column.minimum} to {column.maximum}."

    def manifest(self, column: DateColumn, place: int) -> Mapping[str, Any]:
        keys = {"offset": column.offset, "parts": PARTS, "minimum": column.minimum, "maximum": column.maximum}
        return {**super().manifest(column, place), **keys}


def _offset(word: str) -> str:
    """Write an offset in one way: +01:00."""
    if word == "Z":
        return UTC
    return word if ":" in word else f"{word[:3]}:{word[3:] or '00'}"


def _offset_s(offset: str | None) -> float:
    ahead = date.zone(offset or UTC).utcoffset(None)
    return ahead.total_seconds() if ahead is not None else 0.0


def _parts(cells: pd.Series, offset: str | None) -> NDArray[np.float32]:
    """Return the parts of each cell, looking at each text once: (rows, parts)."""
    places, texts = pd.factorize(cells)
    return date.parts(texts.tolist(), offset)[places]


def _range(low: float, high: float) -> str:
    ends = ["" if np.isinf(end) else str(np.datetime64(int(np.floor(end)), "D")) for end in (low, high)]
    if not ends[0]:
        return f"to {ends[1]}"
    return f"above {ends[0]} to {ends[1]}" if ends[1] else f"above {ends[0]}"
