"""A large infer request to arrays and wishes, in steps.

    read_in_steps(signature, body, header_length)
        all but the elements is read at once ─> each list of elements, some items a step ─> `Asked`

It knows no transport.
"""

from collections.abc import Generator

from app.codecs.json_lists import read_in_steps as read_elements
from app.errors import Path
from app.protocols.open_inference.request import (
    Asked,
    asked,
    decode,
    elements_of,
    raw_bytes_of,
    read,
    shaped,
    spec_of,
    split,
)
from app.tensors import Array, Signature


def read_in_steps(signature: Signature, body: bytes, header_length: bytes) -> Generator[None, None, Asked]:
    """Read a request as `request.read` does, in more than one step if it has lists of elements."""
    json, rest = split(body, header_length)
    if not json:
        return read(signature, body, header_length)
    request = decode(json)
    yield
    known: dict[int, Array] = {}
    for index, tensor in enumerate(request.inputs[: len(signature.inputs)]):  # more are refused below
        path: Path = ("inputs", index)
        spec = spec_of(signature, tensor, path)
        if raw_bytes_of(tensor) is None:
            data, count = elements_of(spec, tensor, path)
            array = yield from read_elements(data, spec.datatype, (*path, "data"))
            known[index] = shaped(array, tensor, count, path)
    return asked(signature, request, rest, known)
