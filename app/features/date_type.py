"""The feature `date`: a text as in ISO 8601 -> the parts of the moment in columns of a float32 tensor, NaN for missing.

In the graph's tensor stand the parts of the first date, then those of the second, …; callers send texts, over other
protocols as well. What a date means is in `app.features.date`. It knows nothing of other types.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bins.number import NumberBins
from app.features.base import Arrays, Fault, WireFault
from app.features.category import Text
from app.features.column_type import ColumnFeature
from app.features.date import MISSING, PARTS, days, parse, parts_of, parts_of_moments, zone
from app.features.packed import PackedType
from app.tensors import BY_BUNDLE, Array, TensorSpec

YEARS = (1, 9999)  # that a text may say
SOME_DAY = "2000-01-01"


class Date(ColumnFeature, frozen=True, kw_only=True):
    """The keys of a feature."""

    offset: str | None = None  # of the column, such as "+01:00"; None where its moments say none
    parts: tuple[str, ...]  # in the order of the tensor's columns
    minimum: str | None = None  # observed in the training split
    maximum: str | None = None


class Dates(PackedType):
    """See `app.features.base.FeatureType`."""

    form = Date
    width = len(PARTS)
    bracketless = False

    def __init__(self, features: Sequence[Date]) -> None:
        super().__init__(features)
        for feature in features:
            if feature.parts != PARTS:
                raise ValueError(f"expected the parts {list(PARTS)} of `{feature.name}`. Received: {feature.parts}")
            if feature.offset is not None:
                zone(feature.offset)
        self.pack = None  # it takes parts, and values are texts
        self._offsets = [feature.offset for feature in self.features]
        self._texts = (TensorSpec(self.tensor, BY_BUNDLE["string"], (None, len(self.features))),)

    @property
    def wire(self) -> Sequence[TensorSpec]:
        return self._texts

    def json_type(self, feature: Date) -> Any:
        return str | None if feature.optional else Text

    def cell(self, values: Sequence[str | None]) -> bytes:
        """Return the parts of all dates of a row, one after another."""
        return self._pack(*[part for place, text in enumerate(values) for part in self._parts(place, text)])

    def from_wire(self, arrays: Arrays) -> dict[str, Array]:
        texts = arrays[self.tensor]  # (rows, features)
        for place, feature in enumerate(self.features):
            if not feature.optional and "" in texts[:, place]:
                row = texts[:, place].tolist().index("")
                raise WireFault(self.tensor, (row, place), f"a value of `{feature.name}`", "")
        return self.arrays([self._wire_cell(row, values) for row, values in enumerate(texts.tolist())])

    def column_of(self, place: int, column: Any, unread: Array) -> Array:
        kind = str(column.type)
        is_moment = kind.startswith(("timestamp", "date"))
        found = self._of_moments(place, column, unread) if is_moment else self._of_texts(place, column, unread)
        if not self.features[place].optional:
            unread |= np.isnan(found[:, 0])
        return found

    def holds(self, feature: Date, kind: Any) -> bool:
        return str(kind).startswith(("date", "timestamp", "dictionary", "string", "large_string", "binary", "null"))

    def read_text(self, feature: Date, text: str) -> str:
        if text or not feature.optional:  # a caller may send "" for missing
            parse(text, feature.offset)
        return text

    def openapi(self, feature: Date) -> dict[str, Any]:
        clock = "without an offset" if feature.offset is None else f"read at {feature.offset} where it says no offset"
        seen = "" if feature.minimum is None else f" Seen in training: {feature.minimum} to {feature.maximum}."
        return {"type": "string", "description": f"A date as in ISO 8601, {clock}.{seen}"}

    def strange(self, feature: Date) -> list[Any]:
        return [text for text in (feature.minimum, feature.maximum) if text is not None]

    def typical(self, feature: Date, bins: NumberBins | None) -> str | None:
        text = None if bins is None or bins.median is None else _text_of(bins.median)
        return text or (feature.minimum if feature.minimum or feature.optional else SOME_DAY)

    def numbers(self, values: Array) -> Array:
        return days(values.reshape(len(values), -1, len(PARTS)))  # (rows, features)

    def _parts(self, place: int, text: str | None, row: int = 0) -> Sequence[float]:
        if not text:
            return MISSING
        try:
            return parts_of(parse(text, self._offsets[place]))
        except ValueError as error:
            raise Fault(place, str(error), text, row) from error

    def _wire_cell(self, row: int, texts: Sequence[str]) -> bytes:
        try:
            return self.cell(texts)
        except Fault as fault:
            raise WireFault(self.tensor, (row, fault.place), fault.expected, fault.received) from fault

    def _of_texts(self, place: int, column: Any, unread: Array) -> Array:
        """Read each different text once."""
        from app.sources import words  # noqa: PLC0415 - a service needs no Arrow

        texts, codes = words.distinct(column)
        known = [self._read(place, text) for text in texts]
        unread |= np.array([parts is None for parts in known])[codes]
        found: Array = np.array([parts or MISSING for parts in known], np.float32)[codes]
        return found  # (rows, parts)

    def _read(self, place: int, text: str | None) -> Sequence[float] | None:
        try:
            return self._parts(place, text)
        except Fault:
            return None

    def _of_moments(self, place: int, column: Any, unread: Array) -> Array:
        """Return the parts of an Arrow column on the clock of the feature; with a zone, Arrow keeps moments in UTC."""
        moments: NDArray[np.datetime64] = column.to_numpy(zero_copy_only=False)
        offset = self._offsets[place]
        if "tz=" in str(column.type):
            if offset is None:
                unread |= ~np.isnat(moments)
            else:
                moments = moments + np.timedelta64(zone(offset).utcoffset(None))
        found = parts_of_moments(moments)
        unread |= (found[:, 0] < YEARS[0]) | (found[:, 0] > YEARS[1])
        return found


def _text_of(days: float) -> str | None:
    """Return the moment so many days after 1970 began, to the hour; None where no text says it."""
    try:
        moment = datetime(1970, 1, 1) + timedelta(hours=round(24 * days))
    except OverflowError:
        return None
    return moment.isoformat(timespec="minutes") if moment.hour else moment.date().isoformat()
