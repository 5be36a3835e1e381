"""Fuzzed calls of gRPC: messages with bytes changed, for every method, many at a time on one channel.

Each gets a status; none may be one of a bug. Between them a good call is answered right. It starts nothing.
"""

import asyncio
import collections
import random
from typing import Any

import grpc

from app.http.access import ROUTES, RPC
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from tests.fuzz.mutations import mutated
from tests.support.serving import PATIENCE_S

METHODS = [route.removeprefix(f"{RPC}/") for route in ROUTES if route.startswith(f"{RPC}/")]
AT_ONCE = 64
ONCE_IN = 8
BUGS = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS)


def _tensor(name: str) -> pb.ModelInferRequest.InferInputTensor:
    contents = pb.InferTensorContents(int_contents=range(16))
    return pb.ModelInferRequest.InferInputTensor(name=name, datatype="INT32", shape=[1, 16], contents=contents)


GOOD = pb.ModelInferRequest(model_name="add_sub", inputs=[_tensor("INPUT0"), _tensor("INPUT1")]).SerializeToString()
RAW = pb.ModelInferRequest(
    model_name="identity_BYTES",
    inputs=[pb.ModelInferRequest.InferInputTensor(name="x", datatype="BYTES", shape=[1, 1])],
    raw_input_contents=[b"\1\0\0\0a"],
).SerializeToString()
NAMED = pb.ModelMetadataRequest(name="tiny", version="1").SerializeToString()


def fuzz(address: str, examples: int, seed: int, statuses: "collections.Counter[int]") -> None:
    """Make so many calls, and count them by HTTP's 200 or by gRPC's code; raises `AssertionError`."""
    asyncio.run(_fuzz(address, examples, random.Random(seed), statuses))


async def _fuzz(address: str, examples: int, draw: random.Random, statuses: "collections.Counter[int]") -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        calls: dict[str, Any] = {name: channel.unary_unary(f"/{RPC}/{name}") for name in METHODS}
        wanted = await calls["ModelInfer"](GOOD, timeout=PATIENCE_S)

        async def one(method: str, message: bytes, *, good: bool) -> None:
            code, answer = await _called(calls[method], message)
            if code in BUGS or (good and answer != wanted):
                raise AssertionError(f"{method} {message!r}: {code} {answer!r}")
            statuses[code.value[0] or 200] += 1

        while examples > 0:
            made = []
            for _ in range(min(AT_ONCE, examples)):
                good = not draw.randrange(ONCE_IN)
                method = "ModelInfer" if good or draw.randrange(5) else draw.choice(METHODS)
                message = GOOD if good else mutated(draw, draw.choice((GOOD, GOOD, RAW, NAMED)))
                made.append(one(method, message, good=good))
            await asyncio.gather(*made)
            examples -= len(made)


async def _called(call: Any, message: bytes) -> tuple[grpc.StatusCode, Any]:
    try:
        return grpc.StatusCode.OK, await call(message, timeout=PATIENCE_S)
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details()
