"""The body of an infer request to arrays and wishes.

    read(signature, body, header_length)
        JSON alone          ─> every input's `data`
        JSON and raw bytes  ─> the bytes of each input with a `binary_data_size`, in order; the others' `data`
        raw bytes alone     ─> the only input

Keys that the protocol does not have are ignored, as other servers do. It knows no transport.
"""

import math
from codecs import BOM_UTF8
from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from app.codecs import json_lists as lists
from app.codecs import json_tensors as elements
from app.codecs.raw_tensors import LENGTH, count_of, from_raw
from app.errors import BodyTooLarge, InvalidInput, Path
from app.features.json_errors import decode
from app.protocols.open_inference.requested_outputs import NONE, Output, Parameters, Wish, timeout_of, whole, wishes_of
from app.tensors import Array, Signature, TensorSpec, check_shape

Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Input(msgspec.Struct):
    """A tensor of the request: its elements are in `data`, or behind the JSON."""

    name: str
    datatype: str
    shape: list[Size]
    data: msgspec.Raw = msgspec.Raw()
    parameters: Parameters | None = None


class Body(msgspec.Struct):
    """The JSON of a request."""

    inputs: list[Input]
    outputs: list[Output] | None = None
    id: str | None = None
    parameters: Parameters | None = None


class Asked(NamedTuple):
    """What a request asks for; `timeout_s` is None where it leaves that to the server."""

    arrays: dict[str, Array]
    wishes: Sequence[Wish]
    id: str | None = None
    timeout_s: float | None = None


ABSENT = (b"", b"null")  # what `data` is where it was not sent
DECODER = msgspec.json.Decoder(Body)  # of all but the elements


def read(signature: Signature, body: bytes, header_length: bytes) -> Asked:
    """Read a request; raises `InvalidInput` with the path of what is not as expected.

    `header_length` says how many bytes of the body are JSON, as the header has it; empty when there is none.
    """
    json, rest = _split(body, header_length)
    if header_length and not json:
        return _raw(signature, body)
    return _asked(signature, decode(DECODER, json), rest, {})


def read_in_steps(
    signature: Signature, body: bytes, header_length: bytes, rows_max: int
) -> Generator[None, None, Asked]:
    """Read a large request: all but the elements at once, then of each list of elements some items a step.

    Raises `BodyTooLarge` where a batched model may not have so many rows, before they are read.
    """
    json, rest = _split(body, header_length)
    if not json:
        return read(signature, body, header_length)
    request = decode(DECODER, json)
    yield
    known: dict[int, Array] = {}
    for index, tensor in enumerate(request.inputs[: len(signature.inputs)]):  # more are refused below
        path: Path = ("inputs", index)
        spec = _spec(signature, tensor, path)
        if _raw_bytes(tensor) is None:
            if signature.batched and tensor.shape and tensor.shape[0] > rows_max:
                raise BodyTooLarge((), f"at most {rows_max} rows", tensor.shape[0], noun="inputs")
            data, count = _elements(spec, tensor, path)
            array = yield from lists.read_in_steps(data, spec.datatype, (*path, "data"))
            known[index] = _shaped(array, tensor, count, path)
    return _asked(signature, request, rest, known)


def _split(body: bytes, header_length: bytes) -> tuple[bytes, memoryview]:
    """Return the JSON, and the bytes of tensors behind it; all is JSON where no header says how much of it is."""
    if not header_length:
        return body, memoryview(b"")
    if header_length.isdigit() and len(header_length) < 19 and int(header_length) <= len(body):
        json_bytes = int(header_length)
        json = body[:json_bytes]
        return json.removeprefix(BOM_UTF8) or json, memoryview(body)[json_bytes:]
    expected, received = f"0 to {len(body)}, the bytes of the body", header_length[:80].decode("latin-1")
    raise InvalidInput(("inference-header-content-length",), expected, received)


def _asked(signature: Signature, request: Body, rest: memoryview, known: Mapping[int, Array]) -> Asked:
    """Read the elements in the JSON and in `rest` behind it; `known` holds those that have been read, by place."""
    parameters = request.parameters or NONE
    arrays = _arrays(signature, request.inputs, rest, known)
    wishes = wishes_of(signature, request.outputs, parameters)
    return Asked(arrays, wishes, request.id, timeout_of(parameters))


def _arrays(
    signature: Signature, inputs: Sequence[Input], rest: memoryview, known: Mapping[int, Array]
) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    place = 0
    for index, tensor in enumerate(inputs):
        path: Path = ("inputs", index)
        spec = _spec(signature, tensor, path)
        if tensor.name in arrays:
            raise InvalidInput((*path, "name"), "each input once", f"`{tensor.name}` again")
        size = _raw_bytes(tensor)
        if size is None:
            arrays[tensor.name] = known[index] if index in known else _from_json(spec, tensor, path)
        else:
            end = place + whole(size, (*path, "parameters", "binary_data_size"), len(rest))
            arrays[tensor.name] = _from_bytes(spec, tensor, rest[place:end], path)
            place = end
    if place != len(rest):
        raise InvalidInput((), f"{place} bytes behind the JSON, as `binary_data_size` says", len(rest))
    return arrays


def _spec(signature: Signature, tensor: Input, path: Path) -> TensorSpec:
    spec = signature.find(tensor.name)
    if tensor.datatype != spec.datatype.name:
        raise InvalidInput((*path, "datatype"), spec.datatype.name, tensor.datatype[:80])
    return spec


def _raw_bytes(tensor: Input) -> Any:
    """Return how many bytes behind the JSON are said to be its elements, None when they are in `data`."""
    return None if tensor.parameters is None else tensor.parameters.get("binary_data_size")


def _elements(spec: TensorSpec, tensor: Input, path: Path) -> tuple[bytes, int]:
    """Return the JSON of the elements, and how many they have to be; far too many are not to be read in vain."""
    data, count = bytes(tensor.data), count_of(tensor.shape, path)
    if data in ABSENT:
        raise InvalidInput(path, "`data` or `parameters.binary_data_size`", "neither")
    check_shape(spec, tensor.shape)
    least = elements.least_elements(data, spec.datatype)
    if least > count:
        raise _miscounted(tensor, least, path)
    return data, count


def _shaped(array: Array, tensor: Input, count: int, path: Path) -> Array:
    """Return the elements in the shape that counts, however they were nested."""
    if array.size != count:
        raise _miscounted(tensor, array.size, path)
    return array.reshape(tensor.shape)


def _from_json(spec: TensorSpec, tensor: Input, path: Path) -> Array:
    data, count = _elements(spec, tensor, path)
    return _shaped(elements.read(data, spec.datatype, (*path, "data")), tensor, count, path)


def _miscounted(tensor: Input, received: int, path: Path) -> InvalidInput:
    expected = f"{count_of(tensor.shape, path)} elements, as the shape {tensor.shape} has"
    return InvalidInput((*path, "data"), expected, received)


def _from_bytes(spec: TensorSpec, tensor: Input, data: memoryview, path: Path) -> Array:
    if bytes(tensor.data) not in ABSENT:
        raise InvalidInput(path, "`data` or `parameters.binary_data_size`", "both")
    array = from_raw(data, spec.datatype, tensor.shape, path)
    # Kernels may take an element's alignment for given, and the JSON's length may have it begin at an odd place.
    # A request that shares a run is copied then anyway.
    return array if array.flags.aligned else array.copy()


def _raw(signature: Signature, body: bytes) -> Asked:
    """Take the whole body for the elements of the only input, of one row where the model is batched."""
    if len(signature.inputs) != 1:
        expected = "more than 0, for the model has several inputs"
        raise InvalidInput(("inference-header-content-length",), expected, 0)
    (spec,) = signature.inputs
    if spec.datatype.item_bytes is None:  # it is one string, for a raw body has no lengths between several
        body = LENGTH.pack(len(body)) + body
    shape = _raw_shape(signature, spec, len(body))
    wishes = [Wish(output.name, True) for output in signature.outputs]
    return Asked({spec.name: from_raw(body, spec.datatype, shape, (spec.name,))}, wishes)


def _raw_shape(signature: Signature, spec: TensorSpec, size_bytes: int) -> list[int]:
    """Infer the one dimension that may be of any size."""
    dims = [1, *spec.shape[1:]] if signature.batched else list(spec.shape)
    free = dims.count(None)
    if not free:
        return [dim or 0 for dim in dims]
    if free > 1 and spec.datatype.item_bytes is not None:
        raise InvalidInput((), f"JSON, for {spec} has {free} open dimensions", "none")
    known = math.prod([dim for dim in dims if dim is not None])
    row_bytes = known * (spec.datatype.item_bytes or size_bytes)
    inferred = size_bytes // row_bytes if row_bytes else 0
    return [inferred if dim is None else dim for dim in dims]
