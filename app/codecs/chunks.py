"""A long array in a body -> portions that are read one by one, and the faults of each told by their place in the whole.

    rows(body)         {"instances": [row, row, …]} -> bodies like it, of some rows each
    read(…)            a generator: each step reads a portion; it returns all that was read
    read_rows(…)       the same for a body that may or may not have rows
    concatenate(…)     the arrays of portions -> one

Nothing but brackets and commas is looked at, so a cut may fall into a string, or into a row that holds lists.
That is found out: what comes before the first cut is the body's own beginning, and once brackets are put behind it, it
reads as JSON only if the cut was between two rows; so it is with each next one. Then `Uneven` asks for the whole, which
holds up everybody for as long as it is read, and of which each value may take thirty times its bytes: what has very
many is refused. No pattern takes more than `BLANKS` at once, for a body may be made of nothing else.
It knows neither models nor protocols.
"""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from app.errors import BodyTooLarge, InvalidInput, Path, RequestError
from app.tensors import Array

PORTION_BYTES = 2**16  # half a millisecond of reading numbers
AT_ONCE_BYTES = 2**18  # of a body or a portion that may be read in one step, whatever is in it
AT_ONCE_VALUES = 2**18  # of what is larger: some tens of milliseconds, and some tens of megabytes
BLANKS = r"\s{0,4096}+"
ROWS = re.compile(
    rf'({BLANKS}\{{(?:{BLANKS}"signature_name"{BLANKS}:{BLANKS}"[^"\\]{{0,4096}}+"{BLANKS},)?'
    rf'{BLANKS}"instances"{BLANKS}:{BLANKS}\[){BLANKS}(\[{{1,32}}+|\{{)'.encode()
)
NEXT = re.compile(rf"{BLANKS},{BLANKS}".encode())
PORTIONED = "`instances` as the first key, rows that all begin alike, and no blanks between brackets; or less at once"
INSTANCES: Path = ("instances",)
CLOSING = {b"[": b"]", b"{": b"}"}

Part = TypeVar("Part")


class Uneven(Exception):
    """There is no row after row of one form, or a fault that only shows in the whole."""


def rows(body: bytes) -> Iterator[bytes]:
    """Cut a body between its rows; raises `Uneven` unless it is of this form, and rows begin as the first one does."""
    opening = ROWS.match(body)
    if opening is None:
        raise Uneven
    head, first = opening.groups()
    closing = CLOSING[first[:1]] * len(first)
    start = opening.end(1)
    while (end := body.find(closing, start + PORTION_BYTES) + len(closing)) >= len(closing):
        following = NEXT.match(body, end)
        if following is None:  # the end of all, or of something within a row
            break
        yield head + body[start:end] + b"]}"
        start = following.end()
        if not body.startswith(first, start):
            raise Uneven
    yield body if start == opening.end(1) else head + body[start:]


def read(
    portions: Iterator[bytes],
    read_one: Callable[[bytes], Part],
    count: Callable[[Part], int],
    path: Path,
    most: tuple[int, Callable[[], Exception]],
) -> Generator[None, None, Sequence[Part]]:
    """Read portion after portion, as `rows` or `app.codecs.json_lists.items` cut them, one a step.

    `read_one` raises any `RequestError`; an `InvalidInput` is told by its place in the array at `path`. `count` tells
    the items of a part, and `most` how many there may be, and makes what is raised when there are more: an error
    that a frame keeps is a circle, and holds the body until the garbage collector comes.
    Raises `Uneven` when the whole has to say what is wrong, or may be right in spite of it.
    """
    parts: list[Part] = []
    before, (limit, excess) = 0, most
    for portion in portions:
        try:
            part = at_once(portion, read_one)
        except RequestError as error:
            if isinstance(error, BodyTooLarge) and error.path == path:
                raise excess() from error  # there are too many in one portion alone
            raise _in_the_whole(error, path, before) from error
        parts.append(part)
        before += count(part)
        if before > limit:
            raise excess()
        yield
    return parts


def _in_the_whole(error: RequestError, path: Path, before: int) -> Exception:
    """Count the place of a fault from the array's beginning."""
    if isinstance(error, InvalidInput) and error.path[: len(path)] == path:
        match error.path[len(path) :]:
            case (int(index), *rest):
                return error.at((*path, before + index, *rest))
    return Uneven()


def read_rows(
    body: bytes,
    rows_max: int,
    read_one: Callable[[bytes], Part],
    count: Callable[[Part], int],
    join: Callable[[Sequence[Part]], Part],
) -> Generator[None, None, Part]:
    """Read a body, with `instances` or without, a portion a step; or all at once, where it cannot be cut.

    More than `rows_max` raise `BodyTooLarge`. `read_one` reads some rows, or all; what it raises is told by its place
    in the whole. `count` tells the rows of a part, and `join` raises `Uneven` where parts do not fit.
    """
    most = rows_max, partial(BodyTooLarge, INSTANCES, f"at most {rows_max} rows", "more")
    try:
        return join((yield from read(rows(body), read_one, count, INSTANCES, most)))
    except Uneven:
        return at_once(body, read_one)


def at_once(data: bytes, read_one: Callable[[bytes], Part]) -> Part:
    """Read what cannot be cut, or not any more; raises `BodyTooLarge` where a large one holds too many values."""
    if len(data) > AT_ONCE_BYTES:
        values = data.count(b",") + data.count(b"[") + data.count(b"{")
        if values > AT_ONCE_VALUES:
            expected = f"at most {AT_ONCE_VALUES} values in a body that cannot be read in portions"
            raise BodyTooLarge((), expected, values, hint=f"Send {PORTIONED}.")
    return read_one(data)


def concatenate(arrays: Sequence[Array]) -> Array:
    """Put what was read of each portion after one another; raises `Uneven` when their rows are not of one shape."""
    try:
        return np.concatenate(arrays)
    except ValueError as error:
        raise Uneven from error
