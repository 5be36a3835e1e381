"""A large infer request to arrays and wishes, in steps.

    read_in_steps(signature, body, header_length)
        lists of elements are taken out of the JSON ─> the rest is read ─> each list, a portion a step ─> `Asked`

Only `"data": [` is looked for, and what may end such a list: of numbers, of strings, or of lists of them. Whether that
was its end shows when it is read, and whether all that was found is what the protocol calls `data` once the rest is
read: then there are as many such keys in it as there are inputs that have one. It knows no transport.
"""

import re
from collections.abc import Generator
from functools import partial

from app import elements
from app.binary import count_of
from app.errors import InvalidInput
from app.openinference_request import Asked, Body, asked, decode, miscounted, read, split
from app.portions import Uneven, concatenate, items
from app.portions import read as read_portions
from app.tensors import Array, Signature

KEY = re.compile(rb'"data"\s*:')
LIST = re.compile(rb'("data"\s*:\s*\[)\s*(\[*)\s*(?:(")|(?=[-0-9]))')
TAKEN = b"[]"  # what is left of a list


def read_in_steps(signature: Signature, body: bytes, header_length: bytes) -> Generator[None, None, Asked]:
    """Read a request as `app.openinference_request.read` does, in more than one step if it has lists of elements."""
    json, rest = split(body, header_length)
    try:
        request, lists = _without_lists(json)
        known: dict[int, Array] = {}
        for index, text in lists.items():
            known[index] = yield from _elements(signature, request, index, text)
        return asked(signature, request, rest, known)
    except Uneven:
        return read(signature, body, header_length)


def _without_lists(json: bytes) -> tuple[Body, dict[int, bytes]]:
    """Read all but the lists of elements, and return these by the places of their inputs."""
    pieces, lists, at = [], [], 0
    while found := LIST.search(json, at):
        _, brackets, quote = found.groups(b"")
        closing = quote + b"]" * (len(brackets) + 1)
        end = json.find(closing, found.end()) + len(closing) - 1
        if end < found.end():
            break
        pieces.append(json[at : found.end(1)])
        lists.append(json[found.end(1) : end])
        at = end
    left = b"".join([*pieces, json[at:]])
    try:
        request = decode(left)
    except InvalidInput as error:
        raise Uneven from error
    taken = [index for index, tensor in enumerate(request.inputs) if bytes(tensor.data) == TAKEN]
    if len(taken) != len(lists) or len(KEY.findall(left)) != sum([len(bytes(t.data)) > 0 for t in request.inputs]):
        raise Uneven
    return request, dict(zip(taken, lists, strict=True))


def _elements(signature: Signature, request: Body, index: int, text: bytes) -> Generator[None, None, Array]:
    tensor, where = request.inputs[index], f"inputs[{index}]"
    spec = signature.find(tensor.name)
    if tensor.datatype != spec.datatype.name:
        raise Uneven
    path = f"{where}.data"
    read_one = partial(elements.read, datatype=spec.datatype, where=path)
    most = count_of(tensor.shape, where), miscounted(tensor, "more", where)
    return concatenate((yield from read_portions(items(text), read_one, len, path, most)))
