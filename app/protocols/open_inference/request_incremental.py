"""A large infer request to arrays and wishes, in steps.

    read_in_steps(signature, body, header_length)
        lists of elements are taken out of the JSON ─> the rest is read ─> each list, a portion a step ─> `Asked`

Whether all that was taken out is what the protocol calls `data` shows once the rest is read. It knows no transport.
"""

from collections.abc import Generator

from app.codecs import json_lists as lists
from app.codecs.chunks import Uneven
from app.codecs.raw_tensors import count_of
from app.errors import InvalidInput
from app.protocols.open_inference.request import Asked, Body, asked, decode, miscounted, read, split
from app.tensors import Array, Signature

LIST = lists.beginning_of(b'"data"')


def read_in_steps(signature: Signature, body: bytes, header_length: bytes) -> Generator[None, None, Asked]:
    """Read a request as `request.read` does, in more than one step if it has lists of elements."""
    json, rest = split(body, header_length)
    try:
        request, texts = _without_lists(json)
        known: dict[int, Array] = {}
        for index, text in texts.items():
            known[index] = yield from _elements(signature, request, index, text)
        return asked(signature, request, rest, known)
    except Uneven:
        return read(signature, body, header_length)


def _without_lists(json: bytes) -> tuple[Body, dict[int, bytes]]:
    """Read all but the lists of elements, and return these by the places of their inputs."""
    left, texts = lists.take_out(json, LIST)
    try:
        request = decode(left)
    except InvalidInput as error:
        raise Uneven from error
    found = {index: texts.pop(bytes(tensor.data), None) for index, tensor in enumerate(request.inputs)}
    if texts:
        raise Uneven  # a list that is no input's
    return request, {index: text for index, text in found.items() if text is not None}


def _elements(signature: Signature, request: Body, index: int, text: bytes) -> Generator[None, None, Array]:
    tensor, where = request.inputs[index], f"inputs[{index}]"
    spec = signature.find(tensor.name)
    if tensor.datatype != spec.datatype.name:
        raise Uneven
    most = count_of(tensor.shape, where), miscounted(tensor, "more", where)
    return (yield from lists.read_in_steps(text, spec.datatype, f"{where}.data", most))
