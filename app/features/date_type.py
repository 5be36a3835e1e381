"""The feature `date`: a text as in ISO 8601 -> the parts of the moment in columns of a float32 tensor, NaN for missing.

In the graph's tensor stand the parts of the first date, then those of the second, …; callers send texts, over other
protocols as well. What a date means is in `app.features.date`. It knows nothing of other types.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.features.base import Arrays, Fault, WireFault
from app.features.category import Text
from app.features.column_type import ColumnFeature
from app.features.date import MISSING, NO_OFFSET, PARTS, days, parse, parts_of, parts_of_moments, zone
from app.features.packed import PackedType
from app.tensors import BY_BUNDLE, Array, TensorSpec


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

    def column_of(self, feature: Date, column: Any) -> Array:
        kind = str(column.type)
        if kind.startswith(("timestamp", "date")):
            return parts_of_moments(self._moments(feature, column, zoned="tz=" in kind))
        place = self.features.index(feature)
        rows = [self._parts(place, text, row) for row, text in enumerate(column.to_pylist())]
        return np.array(rows, np.float32).reshape(-1, len(PARTS))

    def read_text(self, feature: Date, text: str) -> str:
        parse(text, feature.offset)
        return text

    def openapi(self, feature: Date) -> dict[str, Any]:
        clock = "without an offset" if feature.offset is None else f"read at {feature.offset} where it says no offset"
        seen = "" if feature.minimum is None else f" Seen in training: {feature.minimum} to {feature.maximum}."
        return {"type": "string", "description": f"A date as in ISO 8601, {clock}.{seen}"}

    def strange(self, feature: Date) -> list[Any]:
        return [text for text in (feature.minimum, feature.maximum) if text is not None]

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

    def _moments(self, feature: Date, column: Any, *, zoned: bool) -> NDArray[np.datetime64]:
        """Return the moments of an Arrow column on the clock of the feature; with a zone, Arrow keeps them in UTC."""
        moments: NDArray[np.datetime64] = column.cast("timestamp[us]").to_numpy(zero_copy_only=False)
        if not zoned:
            return moments
        if feature.offset is None:
            raise Fault(self.features.index(feature), NO_OFFSET, column[0])
        return moments + np.timedelta64(zone(feature.offset).utcoffset(None))
