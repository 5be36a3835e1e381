"""The Open Inference Protocol's contract over gRPC, one row a clause: request, status, what of the answer matters.

CASES                 the table; its models are those of `tests.app.protocols.open_inference.cases`
infer(model, …)       a ModelInfer request in the making, raw or with typed contents
outputs_of(response)  its outputs as (name, datatype, shape, values), whichever way they came

Lists of contents are named here by hand: the table must not learn them from what it tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from grpc import StatusCode

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference.cases import SAMPLES

LISTS = {"BOOL": "bool_contents", "INT64": "int64_contents", "UINT64": "uint64_contents", "BYTES": "bytes_contents"}
LISTS |= {"INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents"}
LISTS |= {"UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents"}
LISTS |= {"FP32": "fp32_contents", "FP64": "fp64_contents"}

Tensor = tuple[str, str, Sequence[int], Any]  # name, datatype, shape, values; bytes go raw
Output = tuple[str, str, list[int], list[Any]]

OK, INVALID, UNKNOWN = StatusCode.OK, StatusCode.INVALID_ARGUMENT, StatusCode.NOT_FOUND
UNAVAILABLE, INTERNAL, LATE = StatusCode.UNAVAILABLE, StatusCode.INTERNAL, StatusCode.DEADLINE_EXCEEDED


# ── requests and responses ──


def infer(
    model: str,
    *tensors: Tensor,
    outputs: Sequence[str | tuple[str, Mapping[str, Any]]] = (),
    parameters: Mapping[str, Any] | None = None,
    **more: Any,
) -> pb.ModelInferRequest:
    request = pb.ModelInferRequest(model_name=model, **more)
    for name, datatype, shape, values in tensors:
        tensor = request.inputs.add(name=name, datatype=datatype, shape=shape)
        if isinstance(values, bytes):
            request.raw_input_contents.append(values)
        else:
            fill(tensor, datatype, values)
    for output in outputs:
        name, own = (output, {}) if isinstance(output, str) else output
        set_parameters(request.outputs.add(name=name).parameters, own)
    set_parameters(request.parameters, parameters or {})
    return request


def fill(tensor: Any, datatype: str, values: Sequence[Any]) -> None:
    found = [value.encode() if isinstance(value, str) else value for value in values]
    getattr(tensor.contents, LISTS[datatype]).extend(found)


def set_parameters(parameters: Any, values: Mapping[str, Any]) -> None:
    kinds = {bool: "bool_param", int: "int64_param", str: "string_param", float: "double_param"}
    for name, value in values.items():
        setattr(parameters[name], kinds[type(value)], value)


def outputs_of(response: pb.ModelInferResponse) -> list[Output]:
    assert len(response.raw_output_contents) == len(response.outputs)
    assert not any(output.HasField("contents") for output in response.outputs)
    return [
        (output.name, output.datatype, list(output.shape), wire.values_of(output.datatype, raw))
        for output, raw in zip(response.outputs, response.raw_output_contents, strict=True)
    ]


# ── the table ──


@dataclass(frozen=True)
class Case:
    """A call and what must come of it.

    `outputs` are those of ModelInfer; `holds` are fields of the response; `says` are parts of the status's message.
    """

    method: str
    request: Message | bytes
    code: StatusCode = OK
    outputs: Sequence[Output] | None = None
    holds: Mapping[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()


def good(request: Message, *outputs: Output, **holds: Any) -> Case:
    return Case("ModelInfer", request, OK, outputs, holds)


def bad(request: Message, *says: str, code: StatusCode = INVALID) -> Case:
    return Case("ModelInfer", request, code, says=says)


def told(method: str, request: Message, **holds: Any) -> Case:
    return Case(method, request, OK, holds=holds)


def x(datatype: str = "FP32", shape: Sequence[int] = (2, 2), values: Any = None) -> Tensor:
    return "x", datatype, shape, SAMPLES[datatype] if values is None else values


def raw(datatype: str = "FP32", shape: Sequence[int] = (2, 2)) -> Tensor:
    return x(datatype, shape, wire.raw_of(datatype, SAMPLES[datatype]))


def y(datatype: str = "FP32") -> Output:
    return "y", datatype, [2, 2], SAMPLES[datatype]


def one(**more: Any) -> pb.ModelInferRequest:
    return infer("identity_FP32", x(), **more)


def both_ways() -> pb.ModelInferRequest:
    request = infer("identity_FP32", raw())
    fill(request.inputs[0], "FP32", SAMPLES["FP32"])
    return request


def half_raw() -> pb.ModelInferRequest:
    request = infer("add_sub", LEFT, RIGHT)
    request.raw_input_contents.append(bytes(64))
    return request


def other_list(datatype: str, values: Sequence[Any], list_of: str) -> pb.ModelInferRequest:
    request = infer(f"identity_{datatype}")
    fill(request.inputs.add(name="x", datatype=datatype, shape=[1, len(values)]), list_of, values)
    return request


def two_lists() -> pb.ModelInferRequest:
    request = one()
    request.inputs[0].contents.fp64_contents.append(1)
    return request


def in_shared_memory(place: str) -> pb.ModelInferRequest:
    request = one(outputs=["y"])
    set_parameters(getattr(request, place)[0].parameters, {"shared_memory_region": "r", "shared_memory_byte_size": 16})
    return request


LEFT: Tensor = ("INPUT0", "INT32", [1, 16], list(range(16)))
RIGHT: Tensor = ("INPUT1", "INT32", [1, 16], [1] * 16)
SUM: Output = ("OUTPUT0", "INT32", [1, 16], [value + 1 for value in range(16)])
DIFFERENCE: Output = ("OUTPUT1", "INT32", [1, 16], [value - 1 for value in range(16)])
INFINITY = float("inf")
METHODS = ["ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata", "ModelInfer"]
METHODS += ["ModelConfig", "ModelStatistics", "RepositoryIndex"]

Metadata = pb.ModelMetadataResponse.TensorMetadata
CASES = {
    # the server
    "live": told("ServerLive", pb.ServerLiveRequest(), live=True),
    "not ready while a model failed": told("ServerReady", pb.ServerReadyRequest(), ready=False),
    "server metadata": told("ServerMetadata", pb.ServerMetadataRequest(), name="slipway"),
    # models
    "model ready": told("ModelReady", pb.ModelReadyRequest(name="fixed"), ready=True),
    "version ready": told("ModelReady", pb.ModelReadyRequest(name="shaky", version="1"), ready=True),
    "failed model not ready": told("ModelReady", pb.ModelReadyRequest(name="broken"), ready=False),
    "failed version not ready": told("ModelReady", pb.ModelReadyRequest(name="shaky", version="2"), ready=False),
    "ready of nobody": Case("ModelReady", pb.ModelReadyRequest(name="nobody"), UNKNOWN, says=("nobody",)),
    "ready of no version": Case("ModelReady", pb.ModelReadyRequest(name="fixed", version="7"), UNKNOWN, says=("7",)),
    "ready without a name": Case("ModelReady", pb.ModelReadyRequest(), INVALID, says=("name",)),
    "ready of a word": Case("ModelReady", pb.ModelReadyRequest(name="fixed", version="new"), INVALID, says=("new",)),
    "metadata": told(
        "ModelMetadata",
        pb.ModelMetadataRequest(name="scalar"),
        name="scalar",
        versions=["1"],
        platform="onnxruntime_onnx",
        inputs=[
            Metadata(name="x", datatype="FP32", shape=[-1, 4]),
            Metadata(name="factor", datatype="INT64", shape=[]),
        ],
        outputs=[Metadata(name="y", datatype="FP32", shape=[-1, 4])],
    ),
    "metadata of a version": told(
        "ModelMetadata", pb.ModelMetadataRequest(name="shaky", version="1"), name="shaky", versions=["1"]
    ),
    "metadata of nobody": Case("ModelMetadata", pb.ModelMetadataRequest(name="nobody"), UNKNOWN, says=("nobody",)),
    "metadata of a failed model": Case("ModelMetadata", pb.ModelMetadataRequest(name="broken"), UNAVAILABLE),
    # typed contents and raw ones
    **{f"typed {kind}": good(infer(f"identity_{kind}", x(kind)), y(kind)) for kind in SAMPLES if kind != "FP16"},
    **{f"raw {kind}": good(infer(f"identity_{kind}", raw(kind)), y(kind)) for kind in SAMPLES},
    "FP16 has no typed contents": bad(other_list("FP16", [1.0], "FP32"), "inputs[0]", "raw_input_contents", "FP16"),
    "infinity": good(
        infer("identity_FP32", x("FP32", [1, 2], [INFINITY, -INFINITY])),
        ("y", "FP32", [1, 2], [INFINITY, -INFINITY]),
    ),
    "two raw inputs": good(
        infer("add_sub", *((n, d, s, wire.raw_of(d, v)) for n, d, s, v in (LEFT, RIGHT))), SUM, DIFFERENCE
    ),
    "raw beside contents": bad(both_ways(), "inputs[0].contents", "raw_input_contents"),
    "raw for one of two": bad(half_raw(), "raw_input_contents", "2 inputs", "1"),
    "raw without an input": bad(pb.ModelInferRequest(model_name="fixed", raw_input_contents=[b""]), "0 inputs"),
    "raw too short": bad(infer("identity_FP32", x("FP32", [2, 2], bytes(12))), "inputs[0]", "16 bytes", "12"),
    "raw too long": bad(infer("identity_FP32", x("FP32", [2, 2], bytes(20))), "inputs[0]", "16 bytes", "20"),
    "raw BOOL of two": bad(infer("identity_BOOL", x("BOOL", [1, 2], b"\1\2")), "inputs[0]", "0 or 1"),
    "raw BYTES without UTF-8": bad(infer("identity_BYTES", x("BYTES", [1, 1], b"\1\0\0\0\xff")), "inputs[0]", "UTF-8"),
    "raw BYTES cut off": bad(infer("identity_BYTES", x("BYTES", [1, 1], b"\5\0\0\0abc")), "inputs[0]", "1 strings"),
    "the wrong list": bad(other_list("FP32", [1.0], "FP64"), "inputs[0].contents", "fp32_contents", "fp64_contents"),
    "two lists": bad(two_lists(), "inputs[0].contents", "fp32_contents", "fp64_contents"),
    "too few elements": bad(infer("identity_FP32", x("FP32", [2, 2], [1, 2, 3])), "4 elements", "3"),
    "too many elements": bad(infer("identity_FP32", x("FP32", [1, 1], [1, 2])), "1 elements", "2"),
    "INT8 out of range": bad(infer("identity_INT8", x("INT8", [1, 2], [1, 128])), "int_contents[1]", "-128", "128"),
    "INT16 out of range": bad(infer("identity_INT16", x("INT16", [1, 1], [-40000])), "int_contents[0]", "-40000"),
    "UINT8 out of range": bad(infer("identity_UINT8", x("UINT8", [1, 1], [256])), "uint_contents[0]", "255", "256"),
    "UINT16 out of range": bad(infer("identity_UINT16", x("UINT16", [1, 1], [2**16])), "uint_contents[0]", "65536"),
    "BYTES without UTF-8": bad(
        infer("identity_BYTES", x("BYTES", [1, 2], [b"a", b"\xff"])), "bytes_contents[1]", "UTF-8"
    ),
    # shapes, names, datatypes
    "another rank": bad(infer("identity_FP32", x(shape=[4])), "`x`", "[-1, -1]", "[4]"),
    "another fixed size": bad(infer("fixed", x("FP32", [3, 2], [0] * 6)), "`x`", "[2, 3]", "[3, 2]"),
    "a negative size": bad(infer("identity_FP32", x("FP32", [-1, 2], [1, 2])), "inputs[0]", "-1"),
    "a huge shape": bad(infer("identity_FP32", x("FP32", [2**62, 2**62], [1])), "inputs[0]"),
    "a huge shape beside nothing": bad(infer("identity_FP32", x("FP32", [0, 2**62, 2**62], b"")), "inputs[0]"),
    "no rows": bad(infer("identity_FP32", x("FP32", [0, 2], b"")), "at least one row"),
    "no columns": good(infer("identity_FP32", x("FP32", [2, 0], b"")), ("y", "FP32", [2, 0], [])),
    "unlike rows": bad(infer("add_sub", LEFT, ("INPUT1", "INT32", [2, 16], [1] * 32)), "INPUT1"),
    "too many rows": bad(infer("identity_FP32", x("FP32", [51, 1], [1] * 51)), "at most 50 rows", "51"),
    "a scalar": good(
        infer("scalar", ("x", "FP32", [1, 4], [1, 2, 3, 4]), ("factor", "INT64", [], [3])),
        ("y", "FP32", [1, 4], [3, 6, 9, 12]),
    ),
    "a fixed batch": good(infer("fixed", x("FP32", [2, 3], [1] * 6)), ("y", "FP32", [2, 3], [2] * 6)),
    "no input": bad(infer("identity_FP32"), "`x`"),
    "a missing input": bad(infer("add_sub", LEFT), "INPUT1"),
    "an unknown input": bad(infer("add_sub", LEFT, RIGHT, x()), "`x`"),
    "an input twice": bad(infer("identity_FP32", x(), x()), "inputs[1].name", "once"),
    "another datatype": bad(infer("identity_INT64", x()), "inputs[0].datatype", "INT64", "FP32"),
    "an unknown datatype": bad(infer("identity_FP32", ("x", "BF16", [1, 1], b"\0\0")), "inputs[0].datatype", "BF16"),
    "inputs in another order": good(infer("add_sub", RIGHT, LEFT), SUM, DIFFERENCE),
    # outputs
    "every output": good(infer("add_sub", LEFT, RIGHT), SUM, DIFFERENCE),
    "one output": good(infer("add_sub", LEFT, RIGHT, outputs=["OUTPUT1"]), DIFFERENCE),
    "outputs as asked": good(infer("add_sub", LEFT, RIGHT, outputs=["OUTPUT1", "OUTPUT0"]), DIFFERENCE, SUM),
    "an unknown output": bad(infer("add_sub", LEFT, RIGHT, outputs=["z"]), "output", "z"),
    "an output twice": bad(infer("add_sub", LEFT, RIGHT, outputs=["OUTPUT0"] * 2), "outputs[1].name", "once"),
    "classes": good(
        infer("identity_FP32", x(), outputs=[("y", {"classification": 1})]),
        ("y", "BYTES", [2, 1], ["1.5:0", "1.677722e+07:0"]),
    ),
    "classes in words": bad(infer("identity_FP32", x(), outputs=[("y", {"classification": "1"})]), "classification"),
    "an input in shared memory": bad(in_shared_memory("inputs"), "inputs[0]", "shared_memory_region"),
    "an output in shared memory": bad(in_shared_memory("outputs"), "outputs[0]", "shared_memory_region"),
    # id, version, parameters
    "an id": good(one(id="request 17 ü"), y(), id="request 17 ü", model_name="identity_FP32", model_version="1"),
    "no id": good(one(), y(), id=""),
    "a version": good(infer("shaky", x(), model_version="1"), y(), model_version="1"),
    "the newest version failed": bad(infer("shaky", x()), "shaky", code=UNAVAILABLE),
    "a failed model": bad(infer("broken", x()), "broken", code=UNAVAILABLE),
    "an unknown model": bad(infer("nobody", x()), "nobody", code=UNKNOWN),
    "an unknown version": bad(one(model_version="7"), "identity_FP32/7", code=UNKNOWN),
    "a version that is no number": bad(one(model_version="new"), "version", "new"),
    "version zero": bad(one(model_version="0"), "version"),
    "no model": bad(infer("", x()), "name of a model"),
    "parameters of one's own": good(one(parameters={"a": 1, "b": True, "c": "d", "e": 0.5}), y()),
    "a long timeout": good(one(parameters={"timeout": 60_000_000}), y()),
    "no timeout": good(one(parameters={"timeout": 0}), y()),
    "a negative timeout": bad(one(parameters={"timeout": -1}), "parameters.timeout", "-1"),
    "a timeout in words": bad(one(parameters={"timeout": "soon"}), "parameters.timeout", "soon"),
    "a timeout of a fraction": bad(one(parameters={"timeout": 0.5}), "parameters.timeout", "0.5"),
    # what a model answers
    "a bundle that overflows": bad(infer("number", ("numeric", "FP32", [1, 1], [3e38])), "finite", code=INTERNAL),
    "a bundle that does not": good(
        infer("number", ("numeric", "FP32", [1, 1], [1])), ("value", "FP32", [1, 1], [1000])
    ),
    # messages that are none, and methods that are not served
    **{f"no {method}": Case(method, b"\xff\xff", INVALID, says=("message",)) for method in METHODS},
    "no loading": Case("RepositoryModelLoad", b"", StatusCode.UNIMPLEMENTED),
    "no unloading": Case("RepositoryModelUnload", b"", StatusCode.UNIMPLEMENTED),
}
