"""A ModelInfer request to arrays and wishes, and outputs to its response.

    parse    bytes ─> message
    read     typed contents, or raw ones: for every input or for none
    write    always raw

Parameters and outputs are read by the functions that read them for the REST routes. It knows neither server nor queue.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from google.protobuf.message import DecodeError, Message

from app.codecs.raw_tensors import count_of, from_raw
from app.errors import InvalidInput, Path
from app.protocols.open_inference.handler import version_of
from app.protocols.open_inference.request import Asked
from app.protocols.open_inference.requested_outputs import Output, Parameters, timeout_of, wishes_of
from app.protocols.open_inference.response import Writer
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.repository.registry import Registry
from app.runtime.model import Model
from app.tensors import Array, Signature, TensorSpec

CONTENTS = {  # datatype -> the list of `InferTensorContents` that holds its elements; FP16 has none
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
NARROW = {"INT8", "INT16", "UINT8", "UINT16"}  # their list holds larger numbers than they
SHARED_MEMORY = "shared_memory_region"

InputTensor = pb.ModelInferRequest.InferInputTensor
OutputTensor = pb.ModelInferResponse.InferOutputTensor
Kind = TypeVar("Kind", bound=Message)


def parse(kind: type[Kind], data: bytes) -> Kind:
    """Read a message; raises `InvalidInput` when the bytes are none of that kind."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise InvalidInput((), kind.DESCRIPTOR.full_name, f"{len(data)} other bytes", noun="message") from error


def find(registry: Registry, name: str, version: str) -> Model:
    """Return the version that a message names, the newest where `version` is empty; raises as `Registry.find`."""
    if not name:
        raise InvalidInput((), "the name of a model", "none", noun="message")
    return registry.find(name, version_of(version or None))


def read(signature: Signature, request: pb.ModelInferRequest) -> Asked:
    """Read a request; raises `InvalidInput` with the path of what is not as expected."""
    outputs = [
        Output(output.name, _parameters(output.parameters, ("outputs", index)))
        for index, output in enumerate(request.outputs)
    ]
    wishes = wishes_of(signature, outputs, {})
    return Asked(_arrays(signature, request), wishes, request.id or None, timeout_of(_parameters(request.parameters)))


def write(model: Model, writer: Writer, asked: Asked, outputs: Mapping[str, Array]) -> bytes:
    """Return the message that answers `asked`; raises what `Writer.raw` and `Writer.classified` do."""
    response = pb.ModelInferResponse(model_name=model.name, model_version=str(model.version), id=asked.id or "")
    datatypes = {spec.name: spec.datatype.name for spec in model.signature.outputs}
    for wish in asked.wishes:
        array, datatype = outputs[wish.name], datatypes[wish.name]
        if wish.classes:
            array, datatype = writer.classified(array, wish), "BYTES"
        response.outputs.append(OutputTensor(name=wish.name, datatype=datatype, shape=array.shape))
        response.raw_output_contents.append(bytes(writer.raw(array)))
    return response.SerializeToString()


def _arrays(signature: Signature, request: pb.ModelInferRequest) -> dict[str, Array]:
    raws, inputs = request.raw_input_contents, request.inputs
    if raws and len(raws) != len(inputs):
        raise InvalidInput(("raw_input_contents",), f"one for each of {len(inputs)} inputs, or none", len(raws))
    arrays: dict[str, Array] = {}
    for index, tensor in enumerate(inputs):
        path: Path = ("inputs", index)
        if tensor.name in arrays:
            raise InvalidInput((*path, "name"), "each input once", f"`{tensor.name}` again")
        spec = _spec(signature, tensor, path)
        if raws and tensor.contents.ListFields():
            raise InvalidInput((*path, "contents"), "none beside `raw_input_contents`", "some")
        if raws:
            arrays[spec.name] = from_raw(raws[index], spec.datatype, list(tensor.shape), path)
        else:
            arrays[spec.name] = _from_contents(spec, tensor, path)
    return arrays


def _spec(signature: Signature, tensor: InputTensor, path: Path) -> TensorSpec:
    """Find the input, and make sure that the tensor may be one."""
    spec = signature.find(tensor.name)
    if tensor.datatype != spec.datatype.name:
        raise InvalidInput((*path, "datatype"), spec.datatype.name, tensor.datatype[:80])
    _parameters(tensor.parameters, path)
    return spec


def _from_contents(spec: TensorSpec, tensor: InputTensor, path: Path) -> Array:
    """Take the elements from the one list that is for the datatype."""
    name, shape = spec.datatype.name, list(tensor.shape)
    wanted = CONTENTS.get(name)
    if wanted is None:
        raise InvalidInput(path, f"`raw_input_contents` for {name}", "none")
    strange = [field.name for field, _ in tensor.contents.ListFields() if field.name != wanted]
    if strange:
        raise InvalidInput((*path, "contents"), f"{wanted} for {name}", ", ".join(strange))
    values = getattr(tensor.contents, wanted)
    count = count_of(shape, path)
    path = (*path, "contents", wanted)
    if len(values) != count:
        raise InvalidInput(path, f"{count} elements, as the shape {shape} has", len(values))
    if name == "BYTES":
        return _texts(values, path).reshape(shape)
    if name in NARROW:
        _check_range(values, spec.datatype.dtype, path)
    return np.fromiter(values, spec.datatype.dtype, count).reshape(shape)


def _check_range(values: Sequence[int], dtype: "np.dtype[np.integer]", path: Path) -> None:
    limits = np.iinfo(dtype)
    for index, value in enumerate(values):
        if not limits.min <= value <= limits.max:
            raise InvalidInput((*path, index), f"a whole number from {limits.min} to {limits.max}", value)


def _texts(values: Sequence[bytes], path: Path) -> Array:
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        try:
            array[index] = value.decode()
        except UnicodeDecodeError as error:
            raise InvalidInput((*path, index), "UTF-8", "other bytes") from error
    return array


def _parameters(parameters: Mapping[str, pb.InferParameter], path: Path = ()) -> Parameters:
    """Return them as the REST routes have them."""
    if SHARED_MEMORY in parameters:  # a client would read there what was never written
        raise InvalidInput((*path, "parameters", SHARED_MEMORY), "the tensor itself", "a region")
    chosen = {name: parameter.WhichOneof("parameter_choice") for name, parameter in parameters.items()}
    return {name: getattr(parameters[name], choice) for name, choice in chosen.items() if choice is not None}
