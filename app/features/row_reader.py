"""JSON to rows: one msgspec decoder a model, generated from its features.

    {"instances": [row, …]} ─ decode ─> values in the order of the types ─ cells ─> Rows

A request's row is an object (any order) or an array (the manifest's order). msgspec checks types, names and widths in
C, and says where a fault is; a type says of the rest what it does not take.
It knows neither transport nor batches.
"""

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Annotated, Any

import msgspec
from msgspec.structs import astuple

from app.errors import BodyTooLarge, InvalidInput, Path
from app.features.base import Cell, Fault, Feature
from app.features.feature_set import FeatureSet
from app.features.json_errors import EXPLAIN_MAX_BYTES, explain, shown_at
from app.features.rows import Rows

ROWS_FIRST = re.compile(rb'\s*\{\s*"instances"\s*:\s*\[')


class RowReader:
    """Reads the rows of one model.

    Args:
        features: of the bundle.
        max_rows: of one request.
    """

    def __init__(self, features: FeatureSet, max_rows: int) -> None:
        self.features = features
        self._max_rows = max_rows
        bracketless = all(type_.bracketless for type_ in features.types)
        self._countable = bracketless and not any(set(name) & set("[{") for name in features.names)
        self._from_array = _permutation(features.features, features.ordered)
        self._record, array = _row_types(features)
        self._decode = msgspec.json.Decoder(_request_type(self._record | array, max_rows)).decode
        self._cells = [type_.cells for type_ in features.types]
        self._places = _places(features)
        self._sole = self._cells[0] if len(self._cells) == 1 and self._from_array is None else None

    def decode(self, body: bytes) -> Rows:
        """Read the rows of a request; raises `InvalidInput` or `BodyTooLarge` with the path of the fault."""
        if len(body) > EXPLAIN_MAX_BYTES:
            self._check_rows(body)
        try:
            instances = self._decode(body).instances
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise explain(error, body, self.features.names) from error
        try:
            return self._rows(instances)
        except Fault as fault:
            path = self._path(fault, instances)
            raise InvalidInput(path, fault.expected, shown_at(body, path)) from fault

    def rows(self, instances: Sequence[dict[str, Any]]) -> Rows:
        """Turn named instances, as in `golden.json`, into rows; raises `ValueError` with the fault."""
        converted = [msgspec.convert(instance, self._record) for instance in instances]
        try:
            return self._rows(converted)
        except Fault as fault:
            path = self._path(fault, converted)
            raise ValueError(str(InvalidInput(path, fault.expected, f"{fault.received!s:.80}"))) from fault

    def _rows(self, instances: Sequence[Any]) -> Rows:
        """Bring objects and arrays into the order of the types, and their values into cells."""
        from_array = self._from_array
        if from_array is None:
            rows = [row if type(row) is tuple else astuple(row) for row in instances]
        else:
            rows = [from_array(row) if type(row) is tuple else astuple(row) for row in instances]
        if self._sole is not None:
            return Rows(self.features, (self._sole(rows),))
        return Rows(self.features, [self._of_type(at, rows) for at in range(len(self._cells))])

    def _of_type(self, at: int, rows: Sequence[tuple[Any, ...]]) -> list[Cell]:
        place = self._places[at]
        try:
            return self._cells[at]([row[place] for row in rows])
        except Fault as fault:
            fault.place += place.start
            raise

    def _path(self, fault: Fault, instances: Sequence[Any]) -> Path:
        """Return the path of a fault in the body: a row is an object, or a list in the order of the manifest."""
        name = self.features.ordered[fault.place].name
        listed = type(instances[fault.row]) is tuple
        return "instances", fault.row, self.features.names.index(name) if listed else name

    def _check_rows(self, body: bytes) -> None:
        """Refuse far too many rows before millions are read in vain, where no value can hold a bracket."""
        most = self._max_rows + 1  # one for each row, and one around them
        rows = ROWS_FIRST.match(body) if self._countable else None
        if rows is not None and max(body.count(b"["), body.count(b"{")) > most:
            raise BodyTooLarge(("instances",), f"at most {self._max_rows} rows", "more")

    def openapi(self) -> dict[str, Any]:
        """Describe the body of a request as JSON Schema."""
        features, names = self.features, self.features.names
        record = {
            "type": "object",
            "properties": {feature.name: features.openapi(feature) for feature in features.features},
            "required": [feature.name for feature in features.features if not feature.optional],
            "additionalProperties": False,
        }
        array = {
            "type": "array",
            "description": f"The same values in this order: {', '.join(names)}.",
            "items": {},
            "minItems": len(names),
            "maxItems": len(names),
        }
        instances = {"type": "array", "minItems": 1, "items": {"anyOf": [record, array]}}
        return {
            "type": "object",
            "properties": {"instances": instances},
            "required": ["instances"],
            "additionalProperties": False,
        }


def _places(features: FeatureSet) -> list[slice]:
    """Return where the values of each type stand in a row."""
    places, start = [], 0
    for type_ in features.types:
        places.append(slice(start, start + len(type_.features)))
        start += len(type_.features)
    return places


def _permutation(listed: Sequence[Feature], ordered: Sequence[Feature]) -> Callable[[Any], Any] | None:
    """Return the function that takes an array row to the order of the types; None if it is the manifest's."""
    places = [listed.index(feature) for feature in ordered]
    return None if places == sorted(places) else itemgetter(*places)


def _row_types(features: FeatureSet) -> tuple[type[msgspec.Struct], Any]:
    """Generate the type of an object row (fields in the order of the types) and of an array row (the manifest's)."""
    types = {feature.name: features.json_type(feature) for feature in features.features}
    fields: list[Any] = []
    for place, feature in enumerate(features.ordered):
        field = (f"f{place}", types[feature.name])
        fields.append((*field, None) if feature.optional else field)
    rename = {f"f{place}": feature.name for place, feature in enumerate(features.ordered)}
    record = msgspec.defstruct("Record", fields, rename=rename, forbid_unknown_fields=True, kw_only=True, gc=False)
    return record, tuple[tuple(types.values())]  # type: ignore[misc]


def _request_type(row: Any, max_rows: int) -> Any:
    rows = Annotated[list[row], msgspec.Meta(min_length=1, max_length=max_rows)]
    return msgspec.defstruct("Request", [("instances", rows)], forbid_unknown_fields=True)
