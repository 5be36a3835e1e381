"""So many requests of a model under way, and no more, by whichever protocol they come."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from app.batching.batcher import Batcher
from app.batching.concurrency_limit import limit_of
from app.errors import Overloaded
from app.main import Slipway
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from tests.app.batching.test_batcher import Gated, calling, make
from tests.support import serving, tiny

NUMBERS = tiny.Tiny(task="regression", numbers=("a", "b"), booleans=(), strings=(), optional=())
ROW = [1.0, 2.0]
PREDICT = ("/predict?model=tiny", {"instances": [ROW]})
PROTOCOLS = {
    "predict": PREDICT,
    "tensorflow serving": ("/v1/models/tiny:predict", {"instances": [ROW]}),
    "open inference": (
        "/v2/models/tiny/infer",
        {"inputs": [{"name": "numeric", "datatype": "FP32", "shape": [1, 2], "data": ROW}]},
    ),
}


@asynccontextmanager
async def full(folder: Path, limit: Any, **settings: Any) -> AsyncIterator[tuple[Slipway, httpx.AsyncClient, Any]]:
    """An application of which two requests are under way, in a run that does not end before the gate opens."""
    tiny.write(folder, NUMBERS)
    app = serving.app_of(folder, run_on="thread", max_concurrent_requests=limit, **settings)
    async with serving.running(app) as client:
        model, gate = app.state.registry.find("tiny"), threading.Event()
        model._executor.submit(gate.wait, serving.PATIENCE_S)
        asked = [asyncio.create_task(post(client, *PREDICT)) for _ in range(2)]
        await serving.until(lambda: model.batcher.under_way == 2)
        try:
            yield app, client, (gate, asked)
        finally:
            gate.set()
            await asyncio.gather(*asked, return_exceptions=True)


async def post(client: httpx.AsyncClient, path: str, body: Any) -> httpx.Response:
    return await client.post(path, json=body)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_one_too_many_is_told_to_come_back(protocol: str, tmp_path: Path) -> None:
    """429 with `Retry-After`, counted under its reason; when those before it are done, it is answered."""
    async with full(tmp_path, 2) as (_, client, (gate, asked)):
        refused = await post(client, *PROTOCOLS[protocol])
        assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (429, True)
        assert "expected at most 2 under way" in refused.json()["error"]
        metrics = (await client.get("/metrics")).text
        assert 'slipway_rejections_total{model="tiny",reason="concurrency",version="1"} 1.0' in metrics
        gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200, 200]
        assert (await post(client, *PROTOCOLS[protocol])).status_code == 200


async def test_one_too_many_over_grpc(tmp_path: Path) -> None:
    async with full(tmp_path, 2, grpc_port=0) as (app, _, (gate, asked)):
        tensor = pb.ModelInferRequest.InferInputTensor(name="numeric", datatype="FP32", shape=[1, 2])
        tensor.contents.fp32_contents.extend(ROW)
        request = pb.ModelInferRequest(model_name="tiny", inputs=[tensor]).SerializeToString()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}") as channel:
            call: Any = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(request, timeout=serving.PATIENCE_S)
            assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            gate.set()
            await asyncio.gather(*asked)
            await call(request, timeout=serving.PATIENCE_S)


async def test_a_limit_by_model(tmp_path: Path) -> None:
    """Who is not named has none."""
    tiny.write(tmp_path, tiny.Tiny(name="free"))
    async with full(tmp_path, {"tiny": 2}) as (app, client, _):
        assert (await post(client, *PREDICT)).status_code == 429
        assert type(app.state.registry.find("free").batcher) is Batcher
    assert [limit_of({"a": 1}, "a"), limit_of({"a": 1}, "b"), limit_of(3, "b"), limit_of(None, "b")] == [
        1,
        None,
        3,
        None,
    ]


async def test_who_has_left_counts_until_its_rows_are_gone() -> None:
    """In a run until it ends; in the queue no longer; and a large request in pieces counts once."""
    run = Gated()
    with ThreadPoolExecutor(1) as executor:
        batcher = make(run, most=2, executor=executor, requests=3)
        running, waiting, large = calling([1]), calling([2]), calling(list(range(5)))
        batcher.submit(running)
        await run.until_entered()
        batcher.submit(waiting)
        batcher.submit(large)
        assert batcher.under_way == 3
        refuse(batcher)
        batcher.cancel(running)
        refuse(batcher)
        batcher.cancel(waiting)
        assert batcher.under_way == 2
        last = calling([3])
        batcher.submit(last)
        refuse(batcher)
        run.gate.set()
        assert len(await large.end) == 5  # type: ignore[arg-type]
        await last.end
        await serving.until(lambda: batcher.idle)
        assert batcher.under_way == 0


async def test_a_large_request_counts_once_while_a_piece_of_it_runs() -> None:
    """And who would be one too many is known before its body is read, although nobody waits."""
    run = Gated()
    with ThreadPoolExecutor(1) as executor:
        for rows, most in (([1, 2, 3, 4, 5], 2), ([1], 2)):
            batcher = make(run, most=most, executor=executor, requests=1)
            caller = calling(rows)
            batcher.submit(caller)
            await run.until_entered()
            assert batcher.under_way == 1
            refuse(batcher)
            run.gate.set()
            await caller.end
            run.gate.clear()


def refuse(batcher: Batcher) -> None:
    """One more is refused, before its body is read and after."""
    assert batcher.queue.crowded
    with pytest.raises(Overloaded) as refused:
        batcher.submit(calling([9]))
    assert refused.value.reason == "concurrency"
