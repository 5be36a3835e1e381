"""Asking for one row of a tiny bundle, through every protocol: its outputs as plain numbers.

    EVERY      functions (client, row) ─> the numbers of the first output
    by_grpc    the same through the port of Open Inference's gRPC

Rows have the features `age` (a number), `level` (a category), `since` (a date) and `review` (a text); None is missing.
"""

import json
import struct
from typing import Any

import grpc
import httpx
import numpy as np

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub

Row = dict[str, Any]
TENSORS = {"age": "numeric", "level": "categorical", "since": "date", "review": "texts"}
FORMATS = {"FP32": "<f", "FP64": "<d"}


async def post(client: httpx.AsyncClient, path: str, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await client.post(path, content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def by_predict(client: httpx.AsyncClient, row: Row) -> list[float]:
    (found,) = (await post(client, "/predict", {"instances": [row]}))["predictions"]
    return [found["value"]] if "value" in found else list(found["probabilities"].values())


async def by_array(client: httpx.AsyncClient, row: Row) -> list[float]:
    (found,) = (await post(client, "/predict", {"instances": [list(row.values())]}))["predictions"]
    return [found["value"]] if "value" in found else list(found["probabilities"].values())


async def by_columns(client: httpx.AsyncClient, row: Row) -> list[float]:
    inputs = {TENSORS[name]: [[_tensor(value)]] for name, value in row.items()}
    found: list[list[float]] = (await post(client, "/v1/models/tiny:predict", {"inputs": inputs}))["outputs"]
    return found[0]


async def by_features(client: httpx.AsyncClient, row: Row) -> list[float]:
    found = (await post(client, "/v1/models/tiny:predict", {"instances": [row]}))["predictions"][0]
    return found if isinstance(found, list) else [found]


async def by_examples(client: httpx.AsyncClient, row: Row) -> list[float]:
    classes = "regress" if (await client.get("/v2/models/tiny")).json()["outputs"][0]["name"] == "value" else "classify"
    (found,) = (await post(client, f"/v1/models/tiny:{classes}", {"examples": [row]}))["results"]
    return [found] if classes == "regress" else [score for _, score in found]


async def by_open_inference(client: httpx.AsyncClient, row: Row) -> list[float]:
    inputs = [
        {"name": TENSORS[name], "datatype": await _datatype(client, name), "shape": [1, 1], "data": [_tensor(value)]}
        for name, value in row.items()
    ]
    found: list[float] = (await post(client, "/v2/models/tiny/infer", {"inputs": inputs}))["outputs"][0]["data"]
    return found


async def by_bytes(client: httpx.AsyncClient, row: Row) -> list[float]:
    inputs, raws = [], []
    for name, value in row.items():
        datatype = await _datatype(client, name)
        raws.append(raw_of(datatype, value))
        parameters = {"binary_data_size": len(raws[-1])}
        inputs.append({"name": TENSORS[name], "datatype": datatype, "shape": [1, 1], "parameters": parameters})
    head = json.dumps({"inputs": inputs}).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    answer = await post(client, "/v2/models/tiny/infer", head + b"".join(raws), **length)
    found: list[float] = answer["outputs"][0]["data"]
    return found


async def by_grpc(channel: grpc.aio.Channel, row: Row) -> list[float]:
    stub: Any = GRPCInferenceServiceStub(channel)
    described = await stub.ModelMetadata(pb.ModelMetadataRequest(name="tiny"))
    datatypes = {tensor.name: tensor.datatype for tensor in described.inputs}
    request = pb.ModelInferRequest(model_name="tiny")
    for name, value in row.items():
        datatype = datatypes[TENSORS[name]]
        request.inputs.add(name=TENSORS[name], datatype=datatype, shape=[1, 1])
        request.raw_input_contents.append(raw_of(datatype, value))
    answer = await stub.ModelInfer(request)
    dtype = {"FP32": np.float32, "FP64": np.float64}[answer.outputs[0].datatype]
    found: list[float] = np.frombuffer(answer.raw_output_contents[0], dtype).tolist()
    return found


def raw_of(datatype: str, value: Any) -> bytes:
    if datatype == "BYTES":
        text = (value or "").encode()
        return struct.pack("<I", len(text)) + text
    return struct.pack(FORMATS[datatype], np.nan if value is None else value)


async def _datatype(client: httpx.AsyncClient, name: str) -> str:
    described = (await client.get("/v2/models/tiny")).json()["inputs"]
    found: str = next(spec["datatype"] for spec in described if spec["name"] == TENSORS[name])
    return found


def _tensor(value: Any) -> Any:
    return "" if value is None else value


EVERY = [by_predict, by_array, by_columns, by_features, by_examples, by_open_inference, by_bytes]
