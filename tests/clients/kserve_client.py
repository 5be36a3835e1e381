"""KServe's clients, unmodified, against a running server that serves `tests/clients/models.py`.

    .venv/clients/bin/python -m tests.clients.kserve_client http://127.0.0.1:8000
    .venv/clients/bin/python -m tests.clients.kserve_client grpc://127.0.0.1:8001

    rest_v1     KServe's first protocol, which is TensorFlow Serving's `:predict` and a readiness of its own
    rest_v2     the Open Inference Protocol over HTTP
    grpc_v2     the same over gRPC

The scheme of the address says which of them run.
"""

import asyncio
import functools
import logging
import sys
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
from grpc import StatusCode  # type: ignore[import-untyped,unused-ignore]
from grpc.aio import AioRpcError  # type: ignore[import-untyped,unused-ignore]
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest  # type: ignore[import-not-found]
from kserve.inference_client import RESTConfig  # type: ignore[import-not-found]
from kserve.protocol.infer_type import RequestedOutput  # type: ignore[import-not-found]

from tests.clients.checks import Checks, address, equal, holds, refusal, same
from tests.clients.samples import DIFFERENCE, FIXED, LEFT, RIGHT, ROW, SAMPLES, SUM, Array

rest_v1, rest_v2, grpc_v2 = Checks(), Checks(), Checks()


class Waiting:
    """A client whose coroutines are run until they are done, all on one loop."""

    def __init__(self, client: Any, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments, **options: self._runner.run(getattr(self._client, name)(*arguments, **options))


def tensor(name: str, array: Array, datatype: str, *, binary: bool = True) -> Any:
    made = InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def request(model: str, *inputs: Any, **options: Any) -> Any:
    return InferRequest(model_name=model, infer_inputs=list(inputs), **options)


def pair(left: Array = LEFT, right: Array = RIGHT, *, binary: bool = True, **options: Any) -> Any:
    inputs = [tensor("INPUT0", left, "INT32", binary=binary), tensor("INPUT1", right, "INT32", binary=binary)]
    return request("add_sub", *inputs, **options)


def output(response: Any, name: str) -> Array:
    array: Array = response.get_output_by_name(name).as_numpy()
    return array


# ── REST, version 1 ──


@rest_v1
def v1_a_model_is_ready(client: Any) -> None:
    equal(client.is_model_ready(sys.argv[1], "fixed"), True)


@rest_v1
def v1_rows_of_a_single_input(client: Any) -> None:
    answer = client.infer(sys.argv[1], {"instances": FIXED.tolist()}, model_name="fixed")
    equal(answer, {"predictions": (FIXED * 2).tolist()})


@rest_v1
def v1_rows_of_several_inputs(client: Any) -> None:
    rows = [{"INPUT0": left, "INPUT1": right} for left, right in zip(LEFT.tolist(), RIGHT.tolist(), strict=True)]
    answer = client.infer(sys.argv[1], {"instances": rows}, model_name="add_sub")
    equal([row[SUM] for row in answer["predictions"]], (LEFT + RIGHT).tolist())
    equal([row[DIFFERENCE] for row in answer["predictions"]], (LEFT - RIGHT).tolist())


@rest_v1
def v1_text(client: Any) -> None:
    words = [["plain", "Grüße, 世界 🚢"]]
    equal(client.infer(sys.argv[1], {"instances": words}, model_name="identity_BYTES"), {"predictions": words})


@rest_v1
def v1_an_unknown_model_is_404(client: Any) -> None:
    ask = functools.partial(client.infer, sys.argv[1], {"instances": ROW.tolist()}, model_name="unknown")
    equal(refusal(httpx.HTTPStatusError, ask).response.status_code, 404)


@rest_v1
def v1_a_body_without_instances_is_400(client: Any) -> None:
    ask = functools.partial(client.infer, sys.argv[1], {"rows": FIXED.tolist()}, model_name="fixed")
    error = refusal(httpx.HTTPStatusError, ask)
    equal(error.response.status_code, 400)
    holds(str(error), "instances")  # the client shows the server's words when they are {"error": …} as JSON


# ── REST, version 2 ──


@rest_v2
def is_live(client: Any) -> None:
    equal(client.is_server_live(sys.argv[1]), True)


@rest_v2
def is_ready(client: Any) -> None:
    equal(client.is_server_ready(sys.argv[1]), True)


@rest_v2
def a_model_is_ready_and_an_unknown_one_is_not(client: Any) -> None:
    equal(client.is_model_ready(sys.argv[1], "add_sub"), True)
    equal(client.is_model_ready(sys.argv[1], "unknown"), False)


@rest_v2.each(SAMPLES)
def binary_in_and_out(client: Any, datatype: str) -> None:
    array, model = SAMPLES[datatype], f"identity_{datatype}"
    asked = request(model, tensor("x", array, datatype), parameters={"binary_data_output": True})
    same(output(client.infer(sys.argv[1], asked, model_name=model), "y"), array)


@rest_v2.each([datatype for datatype in SAMPLES if datatype != "FP16"])  # the client refuses FP16 outside of binary
def json_in_and_out(client: Any, datatype: str) -> None:
    array, model = SAMPLES[datatype], f"identity_{datatype}"
    asked = request(model, tensor("x", array, datatype, binary=False))
    same(output(client.infer(sys.argv[1], asked, model_name=model), "y"), array)


@rest_v2.each([True, False])
def several_inputs_and_the_outputs_asked_for(client: Any, binary: bool) -> None:
    outputs = [RequestedOutput(DIFFERENCE, {"binary_data": binary})]
    asked = pair(binary=binary, request_outputs=outputs, request_id="request 17 ü")
    response = client.infer(sys.argv[1], asked, model_name="add_sub")
    same(output(response, DIFFERENCE), LEFT - RIGHT)
    equal((response.id, response.model_name), ("request 17 ü", "add_sub"))
    equal(response.get_output_by_name(SUM), None)


@rest_v2
def a_body_as_a_dictionary(client: Any) -> None:
    x = {"name": "x", "shape": list(ROW.shape), "datatype": "FP32", "data": ROW.tolist()}
    response = client.infer(sys.argv[1], {"inputs": [x]}, model_name="identity_FP32")
    same(output(response, "y"), ROW)


@rest_v2
def a_wrong_shape_is_400_with_a_message(client: Any) -> None:
    narrow = np.zeros((2, 15), np.int32)
    ask = functools.partial(client.infer, sys.argv[1], pair(narrow, narrow), model_name="add_sub")
    error = refusal(httpx.HTTPStatusError, ask)
    equal(error.response.status_code, 400)
    holds(str(error), "INPUT", "15")


@rest_v2
def an_unknown_model_is_404(client: Any) -> None:
    ask = functools.partial(client.infer, sys.argv[1], pair(), model_name="unknown")
    equal(refusal(httpx.HTTPStatusError, ask).response.status_code, 404)


@rest_v2
def a_timeout_in_microseconds_is_a_deadline(client: Any) -> None:
    asked = request("slow", tensor("x", ROW, "FP32"), parameters={"timeout": 20_000})
    ask = functools.partial(client.infer, sys.argv[1], asked, model_name="slow")
    equal(refusal(httpx.HTTPStatusError, ask).response.status_code, 504)


# ── gRPC ──


@grpc_v2
def grpc_is_live_and_ready(client: Any) -> None:
    equal(client.is_server_live(), True)
    equal(client.is_server_ready(), True)
    equal(client.is_model_ready("add_sub"), True)


@grpc_v2.each(SAMPLES)
def grpc_raw(client: Any, datatype: str) -> None:
    array, model = SAMPLES[datatype], f"identity_{datatype}"
    same(output(client.infer(request(model, tensor("x", array, datatype))), "y"), array)


@grpc_v2.each([datatype for datatype in SAMPLES if datatype != "FP16"])  # the protocol has no field for FP16
def grpc_contents(client: Any, datatype: str) -> None:
    array, model = SAMPLES[datatype], f"identity_{datatype}"
    same(output(client.infer(request(model, tensor("x", array, datatype, binary=False))), "y"), array)


@grpc_v2.each([True, False])
def grpc_several_inputs_and_the_outputs_asked_for(client: Any, binary: bool) -> None:
    asked = pair(binary=binary, request_outputs=[RequestedOutput(DIFFERENCE)], request_id="request 17 ü")
    response = client.infer(asked)
    same(output(response, DIFFERENCE), LEFT - RIGHT)
    equal((response.id, response.model_name), ("request 17 ü", "add_sub"))
    equal(response.get_output_by_name(SUM), None)


@grpc_v2
def grpc_a_version_may_be_named(client: Any) -> None:
    same(output(client.infer(pair(model_version="1")), SUM), LEFT + RIGHT)


@grpc_v2
def grpc_a_wrong_shape_is_an_invalid_argument(client: Any) -> None:
    narrow = np.zeros((2, 15), np.int32)
    error = refusal(AioRpcError, lambda: client.infer(pair(narrow, narrow)))
    equal(error.code(), StatusCode.INVALID_ARGUMENT)
    holds(error.details(), "INPUT", "15")


@grpc_v2
def grpc_an_unknown_model_is_not_found(client: Any) -> None:
    asked = request("unknown", tensor("x", ROW, "FP32"))
    equal(refusal(AioRpcError, lambda: client.infer(asked)).code(), StatusCode.NOT_FOUND)


@grpc_v2
def grpc_the_clients_own_timeout_is_a_deadline(client: Any) -> None:
    asked = request("slow", tensor("x", ROW, "FP32"))
    equal(refusal(AioRpcError, lambda: client.infer(asked, timeout=0.02)).code(), StatusCode.DEADLINE_EXCEEDED)
    same(output(client.infer(asked), "y"), ROW)


def main() -> int:
    logging.disable()  # the client logs every refusal with its trace
    with asyncio.Runner() as runner:
        if sys.argv[1].startswith("grpc://"):
            return grpc_v2.run(Waiting(runner.run(over_grpc()), runner))
        first = rest_v1.run(Waiting(InferenceRESTClient(RESTConfig(protocol="v1")), runner))
        return first + rest_v2.run(Waiting(InferenceRESTClient(RESTConfig(protocol="v2")), runner))


async def over_grpc() -> Any:
    """Make the client where there is a loop, which it needs."""
    return InferenceGRPCClient(address())


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
