"""A text is the same in every protocol, alone and in company, and one that is too long is refused by its path."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest

from app.batching.area import RUN_ELEMENTS
from tests.support import asking, serving, tiny
from tests.support.serving import client_of

READ = tiny.Tiny(
    format=2, numbers=("age",), booleans=(), strings=("level",), texts=("review",), optional=(), scale=0.1, longest=5000
)
ROW = {"age": 3.0, "level": "low", "review": "good"}
ODD = ["good", "bad bad", " ", "很好 good", "e\u0301 good", "\U0001f469\u200d\U0001f680", "\u202egood", "good " * 1000]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tiny.write(tmp_path, READ)
    async with serving.running(serving.app_of(tmp_path)) as found:
        yield found


def expected(root: Path, rows: list[dict[str, Any]]) -> Any:
    return tiny.run(root / "tiny/1/model.onnx", tiny.tensors(READ, rows))


@pytest.mark.parametrize("ask", asking.EVERY)
async def test_a_text_means_the_same_in_every_protocol(ask: Any, client: httpx.AsyncClient, tmp_path: Path) -> None:
    for text in ODD:
        row = ROW | {"review": text}
        np.testing.assert_allclose(await ask(client, row), expected(tmp_path, [row])[0], rtol=1e-5)


async def test_rows_of_any_length_share_a_request(client: httpx.AsyncClient, tmp_path: Path) -> None:
    rows = [ROW | {"review": text} for text in ODD * 12]
    answers = (await asking.post(client, "/predict", {"instances": rows}))["predictions"]
    found = [list(answer["probabilities"].values()) for answer in answers]
    np.testing.assert_allclose(found, expected(tmp_path, rows), rtol=1e-5)


async def test_runs_are_bounded_by_their_longest_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write(tmp_path, READ)
    app = serving.app_of(tmp_path)
    async with serving.running(app):
        model = app.state.registry.find(None, None)
        engine, shapes = model._engine, []
        run = engine.run_named

        def seen(inputs: Any) -> Any:
            texts = inputs["texts"].ravel().tolist()
            shapes.append(len(texts) * max(map(len, texts)))
            return run(inputs)

        monkeypatch.setattr(engine, "run_named", seen)
        rows = [ROW | {"review": text} for text in ODD * 12]
        body = json.dumps({"instances": rows})
        async with client_of(app) as client:
            assert len((await client.post("/predict", content=body)).json()["predictions"]) == len(rows)
    assert len(shapes) > 12
    assert max(shapes) <= RUN_ELEMENTS


async def test_what_is_too_long_is_refused_by_its_path(client: httpx.AsyncClient) -> None:
    long = ROW | {"review": "a" * 5001}
    said = "expected a string of at most 5000 characters. Received: 5001 characters."
    refused = await client.post("/predict", json={"instances": [ROW, long]})
    assert (refused.status_code, refused.json()["error"]) == (400, f"Invalid `instances[1].review`: {said}")
    refused = await client.post("/v1/models/tiny:predict", json={"instances": [long]})
    assert (refused.status_code, said in refused.json()["error"]) == (400, True)
    tensor = {"name": "texts", "datatype": "BYTES", "shape": [1, 1], "data": [long["review"]]}
    others = [
        {"name": "numeric", "datatype": "FP32", "shape": [1, 1], "data": [3]},
        {"name": "categorical", "datatype": "BYTES", "shape": [1, 1], "data": ["low"]},
    ]
    refused = await client.post("/v2/models/tiny/infer", json={"inputs": [*others, tensor]})
    assert (refused.status_code, refused.json()["error"]) == (400, f"Invalid `texts[0][0]`: {said}")


async def test_grpc_takes_texts_alike(tmp_path: Path) -> None:
    tiny.write(tmp_path, READ)
    app = serving.app_of(tmp_path, grpc_port=0)
    async with serving.running(app), grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}") as channel:
        for text in ODD:
            row = ROW | {"review": text}
            np.testing.assert_allclose(await asking.by_grpc(channel, row), expected(tmp_path, [row])[0], rtol=1e-5)
        with pytest.raises(grpc.aio.AioRpcError, match=r"5000 characters\. Received: 5001 characters") as refused:
            await asking.by_grpc(channel, ROW | {"review": "a" * 5001})
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_metadata_says_what_callers_send(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v2/models/tiny")).json()["inputs"]
    assert {"name": "texts", "datatype": "BYTES", "shape": [-1, 1]} in found


@pytest.mark.parametrize(("longest", "where"), [(40, True), (100_000, False)])
async def test_texts_run_on_the_loop_only_where_the_largest_run_is_quick(
    longest: int, where: bool, tmp_path: Path
) -> None:
    tiny.write(tmp_path, replace(READ, longest=longest))
    app = serving.app_of(tmp_path)
    async with serving.running(app):
        decision = app.state.registry.find(None, None).decision
    assert decision.largest_run_s > 0
    assert decision.max_batch_rows > 8  # as for rows of one size: the bound of a run holds beside it
    assert decision.inline <= where  # a slow machine may be too slow for any
