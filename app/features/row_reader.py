"""JSON to rows: one msgspec decoder a model, generated from its features.

    {"instances": [row, …]} ─ decode ─> values in the order of the types ─ cells ─> Rows

A request's row is an object (any order) or an array (the manifest's order). msgspec checks types, names and widths in
C, and says where a fault is; a type says of the rest what it does not take. Its structs have no keys with quotes or
backslashes: where a feature has such a name, rows are decoded first, and converted under other keys.
It knows neither transport nor batches.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Annotated, Any

import msgspec
from msgspec.structs import astuple

from app.errors import BodyTooLarge, InvalidInput, Path
from app.features.base import Cell, Fault, Feature
from app.features.feature_set import FeatureSet
from app.features.json_errors import EXPLAIN_MAX_BYTES, explain, shown_at, unknown_key
from app.features.rows import Explained, Rows, rows_of

ESCAPED = re.compile(r'["\\]')  # what no key of a struct holds
ALIAS = re.compile("\ue000(\\d+)\ue001")  # of a key, around the place of its name
ROWS_FIRST = re.compile(rb'\s{0,4096}+\{\s{0,4096}+"instances"\s{0,4096}+:\s{0,4096}+\[')


class RowReader:
    """Reads the rows of one model."""

    def __init__(self, features: FeatureSet, max_rows: int) -> None:
        self.features = features
        self._key = features.key
        self._max_rows = max_rows
        bracketless = all(type_.bracketless for type_ in features.types)
        self._countable = bracketless and not any(set(name) & set("[{") for name in features.names)
        self._from_array = _permutation(features.features, features.ordered)
        self._escaped = escaped = any(map(ESCAPED.search, features.names))
        self._keys = {name: f"\ue000{at}\ue001" if escaped else name for at, name in enumerate(features.names)}
        self._record, array = _row_types(features, self._keys)
        self._request = _request_type(self._record | array, max_rows)
        self._decode = self._decode_aliased if escaped else msgspec.json.Decoder(self._request).decode
        sole = features.types[0].pack if len(features.types) == 1 and self._from_array is tuple else None
        self._pack = sole  # of values that need no type to look at them

    def decode(self, body: bytes) -> Rows:
        """Read the rows of a request; raises `InvalidInput` or `BodyTooLarge` with the path of the fault."""
        if len(body) > EXPLAIN_MAX_BYTES:
            self._check_rows(body)
        try:
            request = self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise explain(error, body, self.features.names) from error
        instances, pack, cells = request.instances, self._pack, None
        if pack is not None:
            try:
                cells = [pack(*row) if type(row) is tuple else pack(*astuple(row)) for row in instances]
            except Exception:  # a value is missing or out of range; below it is seen which
                cells = None
        if cells is None:
            try:
                cells = self._cells(instances)
            except Fault as error:
                path, fault = self._path(instances)
                raise InvalidInput(path, fault.expected, shown_at(body, path)) from error
        if request.explain:
            return self._explained(cells)
        rows = Rows(cells)
        rows.features, rows.key = self.features, self._key  # `rows_of`, without a call
        return rows

    def _explained(self, cells: list[Cell]) -> Rows:
        if not self.features.parted:
            raise InvalidInput(("explain",), "false, or a model with features of which a part can be left out", "true")
        return rows_of(self.features, cells, Explained)

    def rows(self, instances: Sequence[dict[str, Any]]) -> Rows:
        """Turn named instances, as in `golden.json`, into rows; raises `ValueError` with the fault."""
        try:
            return self._named(instances)
        except InvalidInput as error:
            raise ValueError(str(error)) from error

    def row(self, instance: dict[str, Any]) -> Rows:
        """Turn one named instance into a row; raises `InvalidInput` with the path in the instance."""
        try:
            return self._named([instance])
        except msgspec.ValidationError as error:
            raise explain(error, msgspec.json.encode(instance), self.features.names) from error
        except InvalidInput as error:
            raise InvalidInput(error.path[2:], error.expected, error.received) from error

    def _named(self, instances: Sequence[dict[str, Any]]) -> Rows:
        converted = [self._converted(self._aliased(instance), self._record) for instance in instances]
        try:
            return rows_of(self.features, self._cells(converted), Rows)
        except Fault as error:
            path, fault = self._path(converted)
            raise InvalidInput(path, fault.expected, f"{fault.received!s:.80}") from error

    def _decode_aliased(self, body: bytes) -> Any:
        plain = msgspec.json.decode(body)
        if isinstance(plain, dict) and isinstance(rows := plain.get("instances"), list):
            plain["instances"] = [self._aliased(row, "instances", at) for at, row in enumerate(rows)]
        return self._converted(plain, self._request)

    def _aliased(self, row: Any, *path: str | int) -> Any:
        """Return an object row under the keys of the struct."""
        if not self._escaped or not isinstance(row, dict):
            return row
        for key in row:
            if key not in self._keys:
                raise unknown_key(key, self.features.names, path)
        return {self._keys[name]: value for name, value in row.items()}

    def _converted(self, value: Any, type_: Any) -> Any:
        try:
            return msgspec.convert(value, type_)
        except msgspec.ValidationError as error:
            said = ALIAS.sub(lambda alias: self.features.names[int(alias[1])], str(error))
            raise msgspec.ValidationError(said) from error

    def _cells(self, instances: Sequence[Any]) -> list[Cell]:
        """Bring objects and arrays into the order of the types, and their values into cells."""
        cell, ordered = self.features.cell, self._from_array
        return [cell(ordered(row) if type(row) is tuple else astuple(row)) for row in instances]

    def _path(self, instances: Sequence[Any]) -> tuple[Path, Fault]:
        """Find the first fault, and its path in the body: a row is an object, or a list in the manifest's order."""
        for index, row in enumerate(instances):
            listed = type(row) is tuple
            values = self._from_array(row) if listed else astuple(row)
            for type_, place in zip(self.features.types, self.features.places, strict=True):
                try:
                    type_.cell(values[place])
                except Fault as fault:
                    name = type_.features[fault.place].name
                    return ("instances", index, self.features.names.index(name) if listed else name), fault
        raise AssertionError("Every value is one of its feature's.")  # or there would have been no fault

    def _check_rows(self, body: bytes) -> None:
        """Refuse far too many rows before millions are read in vain, where no value can hold a bracket."""
        most = self._max_rows + 1  # one for each row, and one around them
        rows = ROWS_FIRST.match(body) if self._countable else None
        if rows is not None and max(body.count(b"["), body.count(b"{")) > most:
            raise BodyTooLarge(("instances",), f"at most {self._max_rows} rows", "more")

    def openapi(self) -> dict[str, Any]:
        """Describe the body of a request as JSON Schema."""
        features, names = self.features, self.features.names
        properties = {feature.name: features.openapi(feature) for feature in features.features}
        record = _object(properties, [feature.name for feature in features.features if not feature.optional])
        array = {
            "type": "array",
            "description": f"The same values in this order: {', '.join(names)}.",
            "items": {},
            "minItems": len(names),
            "maxItems": len(names),
        }
        instances = {"type": "array", "minItems": 1, "items": {"anyOf": [record, array]}}
        about = "Whether to say by how much each word moved the answer, too; such requests are previews."
        explain = {"explain": {"type": "boolean", "description": about}} if features.parted else {}
        return _object({"instances": instances, **explain}, ["instances"])


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _permutation(listed: Sequence[Feature], ordered: Sequence[Feature]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that takes an array row to the order of the types; `tuple` if it is the manifest's."""
    place_of = {feature.name: place for place, feature in enumerate(listed)}
    places = [place_of[feature.name] for feature in ordered]
    return tuple if places == sorted(places) else itemgetter(*places)


def _row_types(features: FeatureSet, keys: Mapping[str, str]) -> tuple[type[msgspec.Struct], Any]:
    """Generate the type of an object row (fields in the order of the types) and of an array row (the manifest's)."""
    types = {feature.name: features.json_type(feature) for feature in features.features}
    fields: list[Any] = []
    for place, feature in enumerate(features.ordered):
        field = (f"f{place}", types[feature.name])
        fields.append((*field, None) if feature.optional else field)
    rename = {f"f{place}": keys[feature.name] for place, feature in enumerate(features.ordered)}
    record = msgspec.defstruct("Record", fields, rename=rename, forbid_unknown_fields=True, kw_only=True, gc=False)
    return record, tuple[tuple(types.values())]  # type: ignore[misc]


def _request_type(row: Any, max_rows: int) -> Any:
    rows = Annotated[list[row], msgspec.Meta(min_length=1, max_length=max_rows)]
    return msgspec.defstruct("Request", [("instances", rows), ("explain", bool, False)], forbid_unknown_fields=True)
