"""A long JSON list of elements -> an array, some items a step.

    items(data)           [1,2,3,…] -> [1,2,…], [3,…]; so with strings, and with lists
    read_in_steps(…)      a generator: each step reads some items; it returns the array

Only what ends an item is looked for. A string that holds it is cut in two, which shows when the piece is read; then the
whole is read at once. It knows no protocol.
"""

import re
import sys
from collections.abc import Generator, Iterator
from functools import partial

from app.codecs import chunks
from app.codecs.chunks import Uneven, concatenate
from app.codecs.json_tensors import read
from app.errors import Path
from app.tensors import Array, Datatype

ITEM = re.compile(rb'\s{0,64}+(\[*+)\s{0,64}+("?)')  # how one begins: brackets, and perhaps a string
NO_LIMIT = sys.maxsize, Uneven  # what has too many elements is refused by its shape


def items(data: bytes) -> Iterator[bytes]:
    """Cut well-formed JSON into lists of some items; raises `Uneven` unless all begin as the first one of a list."""
    if not data.startswith(b"["):
        raise Uneven
    start, last = 1, len(data) - 1
    first = _how_begins(data, start)
    brackets, quote = first
    end_of_one = quote + b"]" * len(brackets) + b","
    while (end := data.find(end_of_one, start + chunks.PORTION_BYTES)) >= 0:
        end += len(end_of_one)
        yield b"[%b]" % data[start : end - 1]
        start = end
        if _how_begins(data, start) != first:
            raise Uneven
    yield b"[%b]" % data[start:last]


def _how_begins(data: bytes, start: int) -> tuple[bytes, ...]:
    found = ITEM.match(data, start)
    return found.groups() if found else ()


def read_in_steps(data: bytes, datatype: Datatype, path: Path, *, b64: bool = False) -> Generator[None, None, Array]:
    """Read well-formed JSON as `app.codecs.json_tensors.read` does, in more than one step if it is a long list."""
    read_one = partial(read, datatype=datatype, path=path, b64=b64)
    try:
        return concatenate((yield from chunks.read(items(data), read_one, len, path, NO_LIMIT)))
    except Uneven:
        return chunks.at_once(data, read_one)
