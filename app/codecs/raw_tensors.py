"""Raw bytes to arrays and back, as the binary tensor extension and gRPC carry them.

    from_raw(data, datatype, shape, path)   little-endian, row-major, no padding; no copy but for strings
    to_raw(array)                            the same the other way

A string is its length as four bytes and its UTF-8. It knows neither protocol nor model.
"""

import math
import struct
from collections.abc import Sequence

import numpy as np

from app.errors import InvalidInput, Path
from app.tensors import OBJECT, Array, Datatype

Buffer = bytes | memoryview
LENGTH = struct.Struct("<I")
DIMENSIONS_MAX = 32
ELEMENTS_MAX = 2**48  # more than any memory; keeps the product of sizes from growing without bound
EMPTY_MAX = (
    2**20
)  # elements that the sizes beside a 0 may make: they cost the caller nothing, and a sum over no rows all


def from_raw(data: Buffer, datatype: Datatype, shape: Sequence[int], path: Path) -> Array:
    """View bytes as an array that cannot be written to; `path` is the tensor's place in the request, for messages.

    Raises `InvalidInput` when the bytes are not as many as the shape says, or a string is not UTF-8.
    """
    count = count_of(shape, path)
    if datatype.item_bytes is None:
        return _strings(memoryview(data), count, path).reshape(shape)
    if len(data) != count * datatype.item_bytes:
        expected = f"{count * datatype.item_bytes} bytes for {datatype.name} {list(shape)}"
        raise InvalidInput(path, expected, len(data))
    if datatype.name == "BOOL" and count and np.frombuffer(data, np.uint8).max() > 1:
        raise InvalidInput(path, "bytes of 0 or 1 for BOOL", "others")
    return np.frombuffer(data, datatype.dtype, count).reshape(shape)


def to_raw(array: Array) -> bytes:
    """Return the elements of an array as bytes; text as UTF-8 behind its length."""
    if array.dtype == OBJECT:
        encoded = [str(text).encode() for text in array.flat]
        return b"".join([part for text in encoded for part in (LENGTH.pack(len(text)), text)])
    return array.tobytes()


def count_of(shape: Sequence[int], path: Path) -> int:
    """Return how many elements a shape has; raises `InvalidInput` when a size is negative or far too large."""
    most = EMPTY_MAX if 0 in shape else ELEMENTS_MAX
    possible = all(size >= 0 for size in shape) and math.prod([size or 1 for size in shape]) <= most
    if len(shape) > DIMENSIONS_MAX or not possible:
        beside = f", and of {EMPTY_MAX} elements at most beside a 0" if 0 in shape else ""
        raise InvalidInput(path, f"sizes of 0 or more{beside}", list(shape)[:16], noun="shape of")
    return math.prod(shape)


def _strings(data: memoryview, count: int, path: Path) -> Array:
    texts: list[str] = []
    place = 0
    while place < len(data) and len(texts) < count:
        start = place + LENGTH.size
        if start > len(data):
            break
        place = start + LENGTH.unpack_from(data, place)[0]
        if place > len(data):
            break
        try:
            texts.append(str(data[start:place], "utf-8"))
        except UnicodeDecodeError as error:
            raise InvalidInput((*path, len(texts)), "UTF-8", "other bytes") from error
    if len(texts) != count or place != len(data):
        raise InvalidInput(path, f"{count} strings, each behind its length", "others")
    array = np.empty(count, object)
    array[:] = texts
    return array
