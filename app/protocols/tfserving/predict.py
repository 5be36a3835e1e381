"""`:predict`: rows or columns as JSON -> arrays, and outputs -> JSON in the same form.

    {"instances": [row, …]}   rows     -> {"predictions": [row, …]}
    {"inputs": tensors}       columns  -> {"outputs": tensors}

Where there is one input or output its value stands alone, where there are several they stand by name. A row format's
values are joined to one JSON array a tensor, so that each tensor is read once. It knows neither paths nor transport.
"""

import base64
import functools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from app.codecs.json_tensors import least_elements, read, write
from app.errors import BodyTooLarge, InvalidInput, Path
from app.features.json_errors import decode
from app.features.row_reader import RowReader
from app.protocols.tfserving.body import Body, Given, Write, literal, parse, tensors_of
from app.runtime.model import Model
from app.tensors import OBJECT, Array, TensorSpec

INSTANCES: Path = ("instances",)
INPUTS: Path = ("inputs",)
NOTHING = msgspec.Raw()
# A body may be made of nothing but blanks or brackets: no pattern takes more of them at once.
BEGINNING = re.compile(rb"\[\s{0,65536}+([\]{]?)")  # of rows: none at all, objects, or bare values
BASE64 = re.compile(
    rb'[\[\s]{0,65536}+\{\s{0,4096}+"b64"\s{0,4096}+:'
)  # the object that stands for bytes and not for named values
FIRST = re.compile(  # the first value of rows
    rb'\[\s{0,65536}+\{\s{0,4096}+(?:\}|(?P<key>"(?:[^"\\]|\\.){0,4096}+")\s{0,4096}+:\s{0,4096}+(?P<listed>\[)?)'
)
BYTES_SUFFIX = "_bytes"  # of an output's name: its strings are answered as base64


class PredictBody(Body):
    """A request for a prediction, its tensors unread; exactly one of them is there."""

    instances: msgspec.Raw = NOTHING
    inputs: msgspec.Raw = NOTHING


BODY = msgspec.json.Decoder(PredictBody)
COLUMNS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def predict(model: Model, body: bytes) -> tuple[Given, Write]:
    """Read a request; see `app.protocols.tfserving.body.Read`."""
    rows, columns = json_of(body)
    if columns:
        asked = columns_of(model, columns)
        return {spec.name: read(data, spec.datatype, path, b64=True) for spec, data, path in asked}, write_columns
    return _read_rows(model, rows), write_rows


def json_of(body: bytes) -> tuple[bytes, bytes]:
    """Return the JSON of `instances` and that of `inputs`, one of them empty; raises `InvalidInput`."""
    asked = parse(BODY, body)
    rows, columns = bytes(asked.instances), bytes(asked.inputs)
    if bool(rows) == bool(columns):
        received = "both" if rows else "neither"
        raise InvalidInput((), "one of the keys `instances` and `inputs`", received)
    return rows, columns


def _read_rows(model: Model, data: bytes) -> Given:
    inputs = model.signature.inputs
    if model.signature.rowless:
        raise InvalidInput(INSTANCES, f"`inputs`, because {model.signature.rowless}", _show(data))
    beginning = BEGINNING.match(data)
    if beginning is None or beginning[1] == b"]":
        raise InvalidInput(INSTANCES, "an array of at least one row", _show(data))
    if len(inputs) == 1 and (beginning[1] != b"{" or _is_base64(inputs[0], data)):
        check_rows(model, inputs[0], data, INSTANCES)
        return {inputs[0].name: read(data, inputs[0].datatype, INSTANCES, b64=True)}
    return _read_objects(inputs, model.reader, data)


def check_rows(model: Model, spec: TensorSpec, data: bytes, path: Path) -> None:
    """Refuse far too many rows before millions of values are read in vain, where they can be counted without it."""
    if not model.signature.batched:
        return
    most, trailing = model.max_request_rows, spec.shape[1:]
    sizes = [dim for dim in trailing if dim is not None]
    if len(sizes) == len(trailing):
        too_many = least_elements(data, spec.datatype) > most * max(1, math.prod(sizes))
    else:
        too_many = len(trailing) == 1 and spec.datatype.item_bytes is not None and data.count(b"[") > most + 1
    if too_many:  # one bracket for each row, and one around them
        raise BodyTooLarge(path, f"at most {most} rows", "more")


def _read_objects(inputs: Sequence[TensorSpec], reader: RowReader | None, data: bytes) -> Given:
    """Read rows of named tensors or, beyond TensorFlow Serving, of a bundle's named features."""
    names = tuple([spec.name for spec in inputs])
    if reader is not None and _names_features(names, data):
        return tensors_of(reader.decode(b'{"instances":%b}' % data))
    rows = decode(_rows_decoder(names), data, names, INSTANCES)
    columns = zip(*map(msgspec.structs.astuple, rows), strict=True)
    return {spec.name: _stack(spec, values) for spec, values in zip(inputs, columns, strict=True)}


def _names_features(inputs: Sequence[str], data: bytes) -> bool:
    """Whether the first value of the first row is a feature's: its key is no tensor's, or it is not a list."""
    first = FIRST.match(data)
    if first is None:
        return False
    return not first["listed"] or first["key"] not in map(msgspec.json.encode, inputs)


@functools.lru_cache(maxsize=256)
def _rows_decoder(names: Sequence[str]) -> "msgspec.json.Decoder[list[msgspec.Struct]]":
    """Return the decoder of rows that have exactly the keys `names`, their values unread."""
    fields = {f"f{place}": name for place, name in enumerate(names)}
    typed: list[Any] = [(field, msgspec.Raw) for field in fields]
    row = msgspec.defstruct("Row", typed, rename=fields, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(list[row])  # type: ignore[valid-type]


def _stack(spec: TensorSpec, values: Sequence[msgspec.Raw]) -> Array:
    """Read one value a row as an array with the rows first; a fault is told by its row."""
    try:
        return read(b"[%b]" % b",".join(values), spec.datatype, (), b64=True)
    except InvalidInput as error:
        row, inner = (error.path[0], error.path[1:]) if error.path else (..., ())
        raise error.at((*INSTANCES, row, spec.name, *inner)) from error


def write_rows(answers: Mapping[str, Array], asked: int | None = None) -> bytes:
    """Answer `instances`, of which `asked` were sent if that is not known to fit; raises `InvalidInput` if not."""
    arrays = {name: _as_base64(name, array) for name, array in answers.items()}
    if len({array.shape[:1] for array in arrays.values()} | {()}) != 2:  # one count, and no scalar
        shapes = {name: list(array.shape) for name, array in arrays.items()}
        raise InvalidInput(INSTANCES, "`inputs`, because the outputs have no rows in common", shapes)
    if asked is not None and asked != len(next(iter(arrays.values()))):
        shapes = {name: list(array.shape) for name, array in arrays.items()}
        raise InvalidInput(INSTANCES, f"`inputs`, because the outputs for {asked} rows have not as many", shapes)
    if len(arrays) == 1:
        return b'{"predictions":%b}' % write(*arrays.values())
    row = b"{" + b",".join([literal(name) + b":%b" for name in arrays]) + b"}"
    rows = zip(*map(_row_texts, arrays.values()), strict=True)
    return b'{"predictions":[%b]}' % b",".join([row % texts for texts in rows])


def _row_texts(array: Array) -> list[bytes]:
    """Write each row of an array; numbers hold neither comma nor bracket, so that one text can be cut into rows."""
    if array.dtype == OBJECT:
        return [msgspec.json.encode(row) for row in array.tolist()]
    if not array.size:
        return [write(row) for row in array]
    opening, closing = b"[" * (array.ndim - 1), b"]" * (array.ndim - 1)
    rows = write(array)[array.ndim : -array.ndim].split(closing + b"," + opening)
    return [opening + row + closing for row in rows] if opening else rows


def columns_of(model: Model, data: bytes) -> Iterator[tuple[TensorSpec, bytes, Path]]:
    """Return each input with the JSON of its elements and their path in the request; raises any `InputError`."""
    for spec, column, path in _columns(model.signature.inputs, data):
        check_rows(model, spec, column, path)
        yield spec, column, path


def _columns(inputs: Sequence[TensorSpec], data: bytes) -> Iterator[tuple[TensorSpec, bytes, Path]]:
    if len(inputs) == 1 and (not data.startswith(b"{") or _is_base64(inputs[0], data)):
        yield inputs[0], data, INPUTS
        return
    columns = decode(COLUMNS, data, path=INPUTS)
    for spec in inputs:
        if spec.name not in columns:
            raise InvalidInput(INPUTS, f"the key `{spec.name}`", _show(data))
        yield spec, bytes(columns[spec.name]), (*INPUTS, spec.name)


def write_columns(answers: Mapping[str, Array]) -> bytes:
    """Answer `inputs`; raises `ModelFailed` for outputs that JSON cannot say."""
    texts = {name: write(_as_base64(name, array)) for name, array in answers.items()}
    if len(texts) == 1:
        return b'{"outputs":%b}' % next(iter(texts.values()))
    named = b",".join([msgspec.json.encode(name) + b":" + text for name, text in texts.items()])
    return b'{"outputs":{%b}}' % named


def _is_base64(spec: TensorSpec, data: bytes) -> bool:
    return spec.datatype.dtype == OBJECT and spec.name != "b64" and BASE64.match(data) is not None


def _as_base64(name: str, array: Array) -> Array:
    """Put `{"b64": …}` in the place of each string of an output whose name says that it holds bytes."""
    if array.dtype != OBJECT or not name.endswith(BYTES_SUFFIX):
        return array
    objects = np.empty_like(array)
    for place, text in enumerate(array.flat):
        objects.flat[place] = {"b64": base64.b64encode(text.encode()).decode()}
    return objects


def _show(data: bytes) -> str:
    return data[:60].decode("utf-8", "replace") + ("…" if len(data) > 60 else "")
