"""The generated code is that of the .proto beside it, and its numbers are the public contract's."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from tests.support.serving import PATIENCE_S, ROOT

PROTO = "app/protocols/open_inference_grpc/protos/open_inference.proto"
GENERATED = ["open_inference_pb2.py", "open_inference_pb2.pyi", "open_inference_pb2_grpc.py"]
NUMBERS = {
    "ServerLiveResponse": "live=1",
    "ServerReadyResponse": "ready=1",
    "ModelReadyRequest": "name=1 version=2",
    "ModelReadyResponse": "ready=1",
    "ServerMetadataResponse": "name=1 version=2 extensions=3",
    "ModelMetadataRequest": "name=1 version=2",
    "ModelMetadataResponse": "name=1 versions=2 platform=3 inputs=4 outputs=5",
    "ModelMetadataResponse.TensorMetadata": "name=1 datatype=2 shape=3",
    "InferParameter": "bool_param=1 int64_param=2 string_param=3 double_param=4 uint64_param=5",
    "InferTensorContents": "bool_contents=1 int_contents=2 int64_contents=3 uint_contents=4 uint64_contents=5 "
    "fp32_contents=6 fp64_contents=7 bytes_contents=8",
    "ModelInferRequest": "model_name=1 model_version=2 id=3 parameters=4 inputs=5 outputs=6 raw_input_contents=7",
    "ModelInferRequest.InferInputTensor": "name=1 datatype=2 shape=3 parameters=4 contents=5",
    "ModelInferRequest.InferRequestedOutputTensor": "name=1 parameters=2",
    "ModelInferResponse": "model_name=1 model_version=2 id=3 parameters=4 outputs=5 raw_output_contents=6",
    "ModelInferResponse.InferOutputTensor": "name=1 datatype=2 shape=3 parameters=4 contents=5",
    "ModelConfigResponse": "config=1",
    "ModelConfig": "name=1 platform=2 version_policy=3 max_batch_size=4 input=5 output=6 instance_group=7 "
    "default_model_filename=8 dynamic_batching=11 backend=17",
    "ModelInput": "name=1 data_type=2 dims=4",
    "ModelOutput": "name=1 data_type=2 dims=3",
    "ModelStatisticsResponse": "model_stats=1",
    "ModelStatistics": "name=1 version=2 last_inference=3 inference_count=4 execution_count=5 inference_stats=6 "
    "batch_stats=7",
    "InferStatistics": "success=1 fail=2 queue=3 compute_input=4 compute_infer=5 compute_output=6 cache_hit=7 "
    "cache_miss=8",
    "InferBatchStatistics": "batch_size=1 compute_input=2 compute_infer=3 compute_output=4",
    "StatisticDuration": "count=1 ns=2",
    "RepositoryIndexRequest": "repository_name=1 ready=2",
    "RepositoryIndexResponse": "models=1",
    "RepositoryIndexResponse.ModelIndex": "name=1 version=2 state=3 reason=4",
}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_numbers_are_the_contracts(name: str) -> None:
    """A wrong one would be a field that other programs do not see."""
    outer, _, inner = name.partition(".")
    message: Descriptor = pb.DESCRIPTOR.message_types_by_name[outer]
    if inner:
        message = message.nested_types_by_name[inner]
    assert " ".join(f"{field.name}={field.number}" for field in message.fields) == NUMBERS[name]


def test_the_generated_code_is_what_the_proto_gives(tmp_path: Path) -> None:
    """`make protos` would change nothing."""
    options = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT}", *options, PROTO]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE_S)
    for name in GENERATED:
        made, there = (root / Path(PROTO).parent / name for root in (tmp_path, ROOT))
        assert made.read_text() == there.read_text(), f"{name} differs: make protos"
