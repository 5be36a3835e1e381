"""JSON to arrays and back, for one tensor at a time.

    read(data, datatype, path)   any JSON value -> array in the shape as written
    write(array)                  array -> JSON, with the shortest digits that mean the same number

msgspec reads, because it checks types on the way and says where one is wrong; orjson writes, because it knows NumPy's
arrays and the shortest digits of a 32-bit float (decision 0005). It knows neither protocol nor model.
"""

import base64
import binascii
import functools
import re
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import orjson

from app.errors import InvalidInput, ModelFailed, Path
from app.features.json_errors import explain
from app.tensors import OBJECT, Array, Datatype

DEPTH_MAX = 32  # of nested lists: more than any model, fewer than NumPy's 64
NESTING = re.compile(rb"[\s\[]{0,65536}+")


class Base64(msgspec.Struct, forbid_unknown_fields=True):
    """`{"b64": "…"}`: bytes where a string may stand."""

    b64: str


def read(data: bytes | msgspec.Raw, datatype: Datatype, path: Path, *, b64: bool = False) -> Array:
    """Read a JSON value as an array of `datatype`.

    It is a scalar, or lists of one depth and of equal lengths at each level. Whole numbers may stand for floats, null
    for a float that is missing (NaN), and with `b64` `{"b64": …}` for a string. `path` is the value's in the request;
    raises `InvalidInput` with the path of the element that is not what is expected.
    """
    data = bytes(data)
    opening = NESTING.match(data)
    depth = opening[0].count(b"[") if opening else 0
    if depth > DEPTH_MAX:
        raise InvalidInput(path, f"at most {DEPTH_MAX} dimensions", depth)
    try:
        nested = _decoder(datatype.name, depth, b64).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise explain(error, data, (), path) from error
    array = _array(nested, datatype, path)
    if array.ndim != depth:  # lists of strings become an array of lists where lengths differ
        raise _ragged(path)
    if datatype.dtype == OBJECT:
        return _texts(array, path) if b64 else array
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        _check_range(array, path)
    return array


def least_elements(data: bytes, datatype: Datatype) -> int:
    """Count at least how many elements well-formed JSON has, without reading it: far too many are not read in vain."""
    if datatype.item_bytes is not None:
        commas = data.count(b",")
        return commas and commas + 1
    quotes = data.count(b'"') - data.count(b'\\"')  # an escaped one ends no string
    return quotes // 2 - data.count(b'"b64"')


def write(array: Array, *, flat: bool = False) -> bytes:
    """Write an array as JSON, nested or `flat` in row-major order; raises `ModelFailed` for what is not finite."""
    if flat:
        array = array.reshape(-1)
    if array.dtype == OBJECT:
        return msgspec.json.encode(array.tolist())
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelFailed("The model answered with a number that is not finite, which JSON cannot carry.")
    if not array.ndim:
        return write(array.reshape(1))[1:-1]
    return orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)


@functools.lru_cache(maxsize=512)
def _decoder(datatype: str, depth: int, b64: bool) -> "msgspec.json.Decoder[Any]":
    type_ = _element(datatype, b64)
    for _ in range(depth):
        type_ = list[type_]  # type: ignore[valid-type]
    return msgspec.json.Decoder(type_)


def _element(datatype: str, b64: bool) -> Any:
    if datatype == "BOOL":
        return bool | Literal[0, 1]
    if datatype == "BYTES":
        return str | Base64 if b64 else str
    if datatype.startswith("FP"):
        return float | None
    low, high = _bounds(datatype)
    return Annotated[int, msgspec.Meta(ge=low, le=high) if high < 2**63 else msgspec.Meta(ge=low)]


def _bounds(datatype: str) -> tuple[int, int]:
    bits = int(datatype.lstrip("UINT"))
    return (0, 2**bits - 1) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _array(nested: Any, datatype: Datatype, path: Path) -> Array:
    try:
        with np.errstate(over="ignore"):  # told below, with its place
            return np.array(nested, datatype.dtype)
    except OverflowError as error:
        raise InvalidInput(path, f"whole numbers up to {_bounds(datatype.name)[1]}", "a larger one") from error
    except ValueError as error:
        raise _ragged(path) from error


def _ragged(path: Path) -> InvalidInput:
    return InvalidInput(path, "lists of equal lengths at each level", "others")


def _check_range(array: Array, path: Path) -> None:
    """NaN comes from null alone; infinity from a number beyond the datatype's range."""
    beyond = np.argwhere(np.isinf(array))
    if len(beyond):
        high = float(np.finfo(array.dtype).max)
        raise InvalidInput((*path, *beyond[0].tolist()), f"a number up to {high:.6g}", "a larger one")


def _texts(array: Array, path: Path) -> Array:
    """Put text in the place of base64."""
    for place, value in enumerate(array.flat):
        if type(value) is not Base64:
            continue
        try:
            array.flat[place] = base64.b64decode(value.b64, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError) as error:
            indexes = map(int, np.unravel_index(place, array.shape))
            raise InvalidInput((*path, *indexes, "b64"), "base64 of UTF-8", error) from error
    return array
