"""Read model.safetensors: arrays without pickle, none of them trusted.

    8 bytes, little endian: length of the header ─> JSON {name: dtype, shape, data_offsets} ─> bytes of all arrays

A reader MUST find each array's bytes inside the file, as many as its dtype and shape say. Arrays are looked up one by
one in a mapped file, so that memory holds those in use alone.
It knows nothing about what the arrays are for.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError

HEADER_BYTES = 16 * 2**20
LENGTH_BYTES = 8
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  # others hold no weights


class Weights(Mapping[str, NDArray[np.float32]]):
    """The arrays of a file by name, each as float32."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
        self._start = LENGTH_BYTES + self._header_bytes()
        self._entries = self._header()

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        dtype, shape, start, end = self._entry(name)
        raw = self._bytes[self._start + start : self._start + end].view(DTYPES[dtype])
        found = widened(raw) if dtype == "BF16" else raw.astype(np.float32)
        if not np.isfinite(found).all():
            raise self._invalid(name, "finite numbers", "others")
        return found.reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _header_bytes(self) -> int:
        length = int.from_bytes(self._bytes[:LENGTH_BYTES].tobytes(), "little")
        room = min(HEADER_BYTES, len(self._bytes) - LENGTH_BYTES)
        if not 2 <= length <= room:
            raise self._invalid("header", f"2 to {max(room, 2)} bytes", f"{length}")
        return length

    def _header(self) -> dict[str, Any]:
        try:
            found = json.loads(self._bytes[LENGTH_BYTES : self._start].tobytes())
        except (ValueError, RecursionError) as error:
            raise self._invalid("header", "JSON", str(error)) from error
        if not isinstance(found, dict):
            raise self._invalid("header", "an object", type(found).__name__)
        found.pop("__metadata__", None)
        return found

    def _entry(self, name: str) -> tuple[str, list[int], int, int]:
        """Return dtype, shape, and where the bytes of an array begin and end, or raise a DataError."""
        entry = self._entries[name]
        match entry:
            case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(start), int(end)]} if dtype in DTYPES:
                if not all(isinstance(each, int) and each >= 0 for each in shape):
                    raise self._invalid(name, "a shape of whole numbers", repr(shape))
            case _:
                raise self._invalid(name, f"`shape`, `data_offsets` and a `dtype` of {', '.join(DTYPES)}", repr(entry))
        wanted = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
        if not 0 <= start <= end <= len(self._bytes) - self._start or end - start != wanted:
            raise self._invalid(name, f"{wanted} bytes inside the file", f"those from {start} to {end}")
        return dtype, shape, start, end

    def _invalid(self, name: str, expected: str, received: str) -> DataError:
        return DataError(f"Invalid `{name}` in {self._path}: expected {expected}. Received: {received[:200]}.")


def widened(halves: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return numbers of 16 bits with float32's exponent as float32."""
    wide: NDArray[np.uint32] = halves.astype(np.uint32) << np.uint32(16)
    return wide.view(np.float32)
