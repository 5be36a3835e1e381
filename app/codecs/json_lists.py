"""The lists of a body -> taken out of its JSON, and read a portion a step.

    take_out(json, …)     {"data":[1,2,…],"x":3} -> {"data":"<a mark>","x":3} and {"<a mark>": 1,2,…}
    items(text)           1,2,3,… -> [1,2,…], [3,…]; so with strings, and with lists
    read_in_steps(…)      a generator: the text of a list -> an array

Only what may end a list is looked for: of numbers, of strings, or of lists of them. Whether that was its end shows when
it is read: a string that holds it is cut in two. Whether what was taken out are the lists that count, all of them, is
for those to say who know the keys, by the marks. It knows no protocol.
"""

import re
import secrets
from collections.abc import Generator, Iterator
from functools import partial

from app.codecs import chunks as portions
from app.codecs import json_tensors as elements
from app.codecs.chunks import Uneven, concatenate, read
from app.tensors import Array, Datatype

MARK = secrets.token_hex(8)  # no body holds it
LISTS_MAX = 256  # of one body: a model has few inputs, and a million lists would take seconds to take out
BLANKS = rb"\s{0,64}+"  # bounded and possessive: a body of nothing else must not take long
BEGINNING = rb'_:_\[)_(\[*+)_(?:(")|(?=[-0-9]))'.replace(b"_", BLANKS)  # behind the key
ITEM = re.compile(rb'_(\[*+)_("?)'.replace(b"_", BLANKS))  # how one begins: brackets, and perhaps a string


def beginning_of(key: bytes) -> re.Pattern[bytes]:
    """Return how a list begins that stands behind `key`, a pattern of the key with its quotes."""
    return re.compile(b"(" + key + BEGINNING)


def take_out(json: bytes, beginning: re.Pattern[bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the JSON with a string of its own, a mark, in the place of each list; and what was between the brackets.

    Args:
        json: well formed or not.
        beginning: see `beginning_of`.

    Raises:
        Uneven: when there are more than `LISTS_MAX`.
    """
    pieces: list[bytes] = []
    lists: dict[bytes, bytes] = {}
    at = 0
    while found := beginning.search(json, at):
        _, brackets, quote = found.groups(b"")
        closing = quote + b"]" * (len(brackets) + 1)
        end = json.find(closing, found.end()) + len(closing) - 1  # of the outer bracket
        if end < found.end():
            break
        if len(lists) == LISTS_MAX:
            raise Uneven
        mark = b'"%b-%d"' % (MARK.encode(), len(lists))
        pieces += json[at : found.end(1) - 1], mark
        lists[mark] = json[found.end(1) : end]
        at = end + 1
    return b"".join([*pieces, json[at:]]), lists


def items(text: bytes) -> Iterator[bytes]:
    """Cut what is between the brackets of a list of numbers, of strings or of lists into lists of their own.

    Raises:
        Uneven: when an item does not begin as the first one does.
    """
    first = _how_begins(text, 0)
    brackets, quote = first
    end_of_one = quote + b"]" * len(brackets) + b","
    start = 0
    while (end := text.find(end_of_one, start + portions.PORTION_BYTES)) >= 0:
        end += len(end_of_one)
        yield b"[%b]" % text[start : end - 1]
        start = end
        if _how_begins(text, start) != first:
            raise Uneven
    yield b"[%b]" % text[start:]


def _how_begins(text: bytes, start: int) -> tuple[bytes, ...]:
    found = ITEM.match(text, start)
    return found.groups() if found else ()


def read_in_steps(
    text: bytes, datatype: Datatype, where: str, most: tuple[int, Exception], *, b64: bool = False
) -> Generator[None, None, Array]:
    """Read what is between the brackets of a list; see `app.codecs.json_tensors.read`.

    Args:
        text: as `take_out` gives it.
        datatype: of the elements.
        where: the list's path in the request, for messages.
        most: items that it may have, and what is raised when there are more.
        b64: let `{"b64": …}` stand for a string.

    Raises:
        InvalidInput: with the path of the element that is not what is expected.
        Uneven: when the whole has to be read at once.
    """
    read_one = partial(elements.read, datatype=datatype, where=where, b64=b64)
    return concatenate((yield from read(items(text), read_one, len, where, most)))
