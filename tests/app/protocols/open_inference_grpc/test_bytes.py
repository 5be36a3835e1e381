"""Whatever bytes come to whichever method: a status that blames the right side, and a server that answers on.

INTERNAL is for models that fail and UNKNOWN for handlers that do; neither can happen to these models.
"""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from hypothesis import given, settings
from hypothesis import strategies as st

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference_grpc.cases import METHODS, infer, one, outputs_of, x, y
from tests.clients import models
from tests.support import serving, tiny

FAULTS_OF_THE_CALLER = {StatusCode.OK, StatusCode.INVALID_ARGUMENT, StatusCode.NOT_FOUND, StatusCode.RESOURCE_EXHAUSTED}
GOOD = [
    one().SerializeToString(),
    infer("identity_BYTES", x("BYTES", [2, 2], wire.raw_of("BYTES", wire.SAMPLES["BYTES"]))).SerializeToString(),
    pb.ModelMetadataRequest(name="fixed", version="1").SerializeToString(),
]
names = st.sampled_from(["identity_FP32", "identity_BYTES", "fixed", "tiny", "x", "y", "numeric", ""]) | st.text(
    max_size=5
)
datatypes = st.sampled_from(["FP32", "BYTES", "INT8", "BF16", ""])
sizes = st.integers(-1, 4) | st.sampled_from([2**31, 2**62, 2**63 - 1])
parameters = st.dictionaries(
    st.sampled_from(["timeout", "classification", "binary_data", "shared_memory_region", "sequence_id"]),
    st.builds(pb.InferParameter, int64_param=st.integers(-1, 2**63 - 1))
    | st.builds(pb.InferParameter, uint64_param=st.integers(10**8, 2**64 - 1))
    | st.builds(pb.InferParameter, bool_param=st.booleans())
    | st.builds(pb.InferParameter, double_param=st.floats())
    | st.builds(pb.InferParameter, string_param=st.text(max_size=3)),
    max_size=2,
)
contents = st.builds(
    pb.InferTensorContents,
    fp32_contents=st.lists(st.floats(width=32), max_size=6),
    int_contents=st.just([]) | st.lists(st.integers(-(2**31), 2**31 - 1), max_size=2),
    bytes_contents=st.just([]) | st.lists(st.binary(max_size=4), max_size=4),
)
inputs = st.builds(
    pb.ModelInferRequest.InferInputTensor,
    name=names,
    datatype=datatypes,
    shape=st.lists(sizes, max_size=3) | st.lists(sizes, min_size=33, max_size=40),
    parameters=st.just({}) | parameters,
    contents=st.none() | contents,
)
outputs = st.builds(pb.ModelInferRequest.InferRequestedOutputTensor, name=names, parameters=st.just({}) | parameters)
requests = st.builds(
    pb.ModelInferRequest,
    model_name=names,
    model_version=st.sampled_from(["", "1", "2", "-1", "x", "9" * 30]),
    id=st.text(max_size=5),
    parameters=st.just({}) | parameters,
    inputs=st.lists(inputs, max_size=2),
    outputs=st.just([]) | st.lists(outputs, max_size=2),
    raw_input_contents=st.just([]) | st.lists(st.binary(max_size=40), max_size=2),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good message with bytes of it lost, turned or added."""
    message = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(message) - 1)))
        message[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(message)


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    root = tmp_path_factory.mktemp("models")
    for name, graph in (("identity_FP32", models.identity("FP32")), ("identity_BYTES", models.identity("BYTES"))):
        models.write(root, name, graph)
    models.write(root, "fixed", models.fixed())
    tiny.write(root)
    with serving.process(root, tmp_path_factory.mktemp("process"), "--grpc-port", "0") as process:
        with grpc.insecure_channel(process.wait_for(r"grpc://(\S+)")[1]) as channel:
            yield channel
        assert "Traceback" not in process.complaints()


def code_of(channel: grpc.Channel, method: str, message: bytes) -> StatusCode:
    ask: Any = channel.unary_unary(f"/inference.GRPCInferenceService/{method}")
    try:
        ask(message, timeout=serving.PATIENCE_S)
    except grpc.RpcError as error:
        found = error.code()
        assert isinstance(found, StatusCode)
        return found
    return StatusCode.OK


@settings(max_examples=150, deadline=None)
@given(method=st.sampled_from(METHODS), message=st.binary(max_size=200) | damaged())
def test_any_bytes(channel: grpc.Channel, method: str, message: bytes) -> None:
    assert code_of(channel, method, message) in FAULTS_OF_THE_CALLER
    answers_on(channel)


@settings(max_examples=200, deadline=None)
@given(request=requests)
def test_any_request(channel: grpc.Channel, request: pb.ModelInferRequest) -> None:
    """Whole messages, with anything in them; a timeout of microseconds may pass."""
    allowed = FAULTS_OF_THE_CALLER | ({StatusCode.DEADLINE_EXCEEDED} if "timeout" in request.parameters else set())
    assert code_of(channel, "ModelInfer", request.SerializeToString()) in allowed
    answers_on(channel)


def answers_on(channel: grpc.Channel) -> None:
    ask: Any = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    response = pb.ModelInferResponse.FromString(ask(GOOD[0], timeout=serving.PATIENCE_S))
    assert outputs_of(response) == [y()]
