"""A large infer request in steps: all but the elements at once, then of each list of elements some items a step."""

from collections.abc import Generator

from app.codecs.json_lists import read_in_steps as read_elements
from app.errors import Path
from app.features.json_errors import decode
from app.protocols.open_inference import request
from app.protocols.open_inference.request import Asked
from app.tensors import Array, Signature


def read_in_steps(signature: Signature, body: bytes, header_length: bytes) -> Generator[None, None, Asked]:
    """Read a request as `request.read` does, in more than one step if it has lists of elements."""
    json, rest = request.split(body, header_length)
    if not json:
        return request.read(signature, body, header_length)
    content = decode(request.DECODER, json)
    yield
    known: dict[int, Array] = {}
    for index, tensor in enumerate(content.inputs[: len(signature.inputs)]):  # more are refused below
        path: Path = ("inputs", index)
        spec = request.spec_of(signature, tensor, path)
        if request.raw_bytes_of(tensor) is None:
            data, count = request.elements_of(spec, tensor, path)
            array = yield from read_elements(data, spec.datatype, (*path, "data"))
            known[index] = request.shaped(array, tensor, count, path)
    return request.asked(signature, content, rest, known)
