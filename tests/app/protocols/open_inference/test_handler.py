"""The Open Inference Protocol on the wire: its contract through both doors, and what surrounds it."""

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.main import Slipway
from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference.cases import CASES, LENGTH, Case, Infer, Tensor
from tests.clients import models
from tests.support import serving, tiny

IDENTITY = "/v2/models/identity_FP32/infer"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sound model of the contract."""
    root = tmp_path_factory.mktemp("models")
    wire.write_models(root)
    return root


@pytest.fixture(scope="module")
def unsound(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, and those that cannot be loaded."""
    root = tmp_path_factory.mktemp("unsound")
    for model in folder.iterdir():
        (root / model.name).symlink_to(model)
    wire.write_unsound(root)
    return root


@pytest.fixture
def app(folder: Path) -> Slipway:
    return serving.app_of(folder)


@pytest.fixture(scope="module", params=["protocol", "asgi"])
def door(
    request: pytest.FixtureRequest, unsound: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of a process, through a real socket and each door."""
    options = ["--door", request.param, "--versions", "all", "--max-request-rows", "50", "--max-body-bytes", "300000"]
    with serving.client_of_process(unsound, tmp_path_factory.mktemp("process"), *options) as http:
        http.headers["accept-encoding"] = "identity"
        yield http


async def ask(client: httpx.AsyncClient, model: str, request: Infer, **headers: str) -> Any:
    """Infer, or fail with what the service says."""
    content, own = request.encode()
    response = await client.post(f"/v2/models/{model}/infer", content=content, headers={**own, **headers})
    assert response.status_code == 200, response.text
    return wire.parse(response)


# ── the contract ──


@pytest.mark.parametrize("name", CASES)
def test_the_contract(name: str, door: httpx.Client) -> None:
    """Each clause: the status on the wire, and what of the body matters; a plain request is answered afterwards."""
    case = CASES[name]
    content, headers = case.encode()
    response = door.request(case.method, case.path, content=content, headers=headers)
    assert response.status_code == case.status, response.text
    check(case, response)
    assert door.get("/v2/health/live").status_code == 200


def check(case: Case, response: httpx.Response) -> None:
    found = wire.parse(response)
    if case.status != 200:
        assert list(found) == ["error"]
        assert all(part in found["error"] for part in case.says), found["error"]
        assert len(found["error"]) < 900
        assert ("allow" in response.headers) == (case.status == 405)
        return
    if case.answer is not None:
        assert found == case.answer
    for key, value in case.holds.items():
        assert found[key] == value


@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream", "text/plain", "x"])
def test_the_content_type_does_not_matter(content_type: str, door: httpx.Client) -> None:
    """As with other servers: curl says that it sends a form."""
    content, headers = wire.floats().encode()
    response = door.post(IDENTITY, content=content, headers={**headers, "content-type": content_type})
    assert wire.parse(response)["outputs"] == [wire.FOUR]


def test_nan_goes_through_in_binary(door: httpx.Client) -> None:
    """What JSON cannot say, bytes can."""
    raw = wire.raw_of("FP32", [float("nan"), float("inf"), -0.0, 1])
    content, headers = wire.floats(raw, **wire.ALL_BINARY).encode()
    response = door.post(IDENTITY, content=content, headers=headers)
    assert response.content.endswith(raw)


def test_not_ready_while_a_model_failed(door: httpx.Client) -> None:
    """503 and why, for the server and for the model."""
    server = door.get("/v2/health/ready")
    assert (server.status_code, server.json()["ready"]) == (503, False)
    assert "broken" in server.json()["error"]
    model = door.get("/v2/models/broken/ready")
    assert model.status_code == 503
    assert model.json() == {"name": "broken", "ready": False, "error": "Model `broken` version 1 is failed."}


def test_the_extensions_are_those_that_clients_know(door: httpx.Client) -> None:
    found = door.get("/v2").json()
    assert set(found) == {"name", "version", "extensions"}
    assert {"binary_tensor_data", "statistics", "model_configuration", "model_repository"} <= set(found["extensions"])


def test_the_models_are_listed(door: httpx.Client) -> None:
    """By name, also those that do not serve."""
    found = door.get("/v2/models").json()["models"]
    assert found == sorted(found)
    assert {"fixed", "tiny", "broken"} < set(found)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"ready":false}', gzip.compress(b"{}")])
def test_the_index_of_the_repository(body: bytes, door: httpx.Client) -> None:
    """Every version, its state and the reason."""
    headers = {"content-encoding": "gzip"} if body.startswith(b"\x1f") else {}
    response = door.post("/v2/repository/index", content=body, headers=headers)
    assert response.status_code == 200, response.text
    found = {(entry["name"], entry["version"]): entry for entry in response.json()}
    assert found["fixed", "1"] == {"name": "fixed", "version": "1", "state": "READY", "reason": ""}
    assert found["shaky", "1"]["state"] == "READY"
    assert found["shaky", "2"]["state"] == "UNAVAILABLE"
    assert "shaky" in found["shaky", "2"]["reason"]


def test_the_index_of_what_is_ready(door: httpx.Client) -> None:
    found = door.post("/v2/repository/index", json={"ready": True}).json()
    assert {entry["state"] for entry in found} == {"READY"}
    assert {"fixed", "shaky"} <= {entry["name"] for entry in found}
    assert "broken" not in {entry["name"] for entry in found}


def test_a_configuration_says_how_requests_share_runs(door: httpx.Client) -> None:
    batched = door.get("/v2/models/add_sub/config").json()["dynamic_batching"]
    assert batched["preferred_batch_size"][0] >= 1
    assert batched["max_queue_delay_microseconds"] == 0
    assert "dynamic_batching" not in door.get("/v2/models/fixed/config").json()


def test_a_body_over_the_limit(door: httpx.Client) -> None:
    response = door.post(IDENTITY, content=b" " * 300_001)
    assert response.status_code == 413
    assert "at most 300000 bytes" in response.json()["error"]


# ── compression ──


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("binary", [False, True])
def test_compressed_both_ways(encoding: str, binary: bool, door: httpx.Client) -> None:
    """The header counts the JSON as it is before compression and after it."""
    values = list(range(1000))
    data = wire.raw_of("FP32", values) if binary else values
    content, headers = wire.floats(data, [10, 100], **(wire.ALL_BINARY if binary else {})).encode()
    packed = gzip.compress(content) if encoding == "gzip" else zlib.compress(content)
    headers |= {"content-encoding": encoding, "accept-encoding": "gzip"}
    response = door.post(IDENTITY, content=packed, headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < len(response.content)
    (output,) = wire.parse(response)["outputs"]
    assert output["data"] == values
    assert output.get("binary", False) == binary


def test_nothing_is_compressed_unasked(door: httpx.Client) -> None:
    content, headers = wire.floats([0] * 1000, [10, 100]).encode()
    assert "content-encoding" not in door.post(IDENTITY, content=content, headers=headers).headers


def test_a_bomb_is_refused(door: httpx.Client) -> None:
    """What comes out counts, not what came in."""
    response = door.post(IDENTITY, content=gzip.compress(b" " * 10**6), headers={"content-encoding": "gzip"})
    assert response.status_code == 413


# ── ready, deadlines, a full queue ──


async def test_ready_when_every_model_serves(client: httpx.AsyncClient) -> None:
    response = await client.get("/v2/health/ready")
    assert (response.status_code, response.json()) == (200, {"ready": True})


async def test_a_model_whose_batcher_broke_is_not_ready(app: Slipway, client: httpx.AsyncClient) -> None:
    app.state.registry.find("fixed").batcher.failure = RuntimeError()
    response = await client.get("/v2/models/fixed/ready")
    assert (response.status_code, response.json()["ready"]) == (503, False)
    assert (await client.get("/v2/models/scalar/ready")).status_code == 200


async def test_before_the_lifespan_infer_is_not_ready(app: Slipway) -> None:
    async with serving.client_of(app) as client:
        response = await client.post(IDENTITY)
    assert response.status_code == 503
    assert list(response.json()) == ["error"]


async def test_a_timeout_is_the_deadline(folder: Path) -> None:
    """In microseconds; zero is the server's own, and none is longer than that."""
    app = serving.app_of(folder, run_on="thread", timeout_ms=300)
    async with serving.running(app) as client:
        gate = threading.Event()
        occupied = app.state.registry.find("identity_FP32")._executor.submit(gate.wait, serving.PATIENCE_S)
        for timeout_us in (1000, 0, 10**12):
            response = await client.post(IDENTITY, json=wire.plain() | {"parameters": {"timeout": timeout_us}})
            assert response.status_code == 504
            assert "deadline" in response.json()["error"]
            assert not occupied.done()
        gate.set()
        assert await asyncio.wrap_future(occupied)
        await serving.answered(lambda: ask(client, "identity_FP32", wire.floats(parameters={"timeout": 10**12})))


async def test_a_short_timeout_ends_before_the_servers_own(folder: Path) -> None:
    """With ten minutes of the server's, only the request's own can end the wait."""
    app = serving.app_of(folder, run_on="thread", timeout_ms=600_000)
    async with serving.running(app) as client, asyncio.timeout(serving.PATIENCE_S):
        gate = threading.Event()
        occupied = app.state.registry.find("identity_FP32")._executor.submit(gate.wait, serving.PATIENCE_S)
        response = await client.post(IDENTITY, json=wire.plain() | {"parameters": {"timeout": 1000}})
        gate.set()
        assert response.status_code == 504
        assert await asyncio.wrap_future(occupied)


async def test_a_full_queue(folder: Path) -> None:
    async with serving.running(serving.app_of(folder, max_queue_rows=5)) as client:
        response = await client.post(IDENTITY, json=wire.plain(shape=[6, 1], data=[1] * 6))
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        await ask(client, "identity_FP32", wire.floats())


# ── bundles ──


async def test_a_bundle_answers_as_its_graph(folder: Path, client: httpx.AsyncClient) -> None:
    """Missing numbers are null in JSON and NaN in bytes, missing text is empty; the labels are known."""
    rows = [tiny.instance(tiny.Tiny(), row) for row in range(4)]
    rows[1]["hours-per-week"] = None
    rows[2]["level"] = None
    arrays = tiny.tensors(tiny.Tiny(), rows)
    expected = tiny.run(folder / "tiny" / "1" / "model.onnx", arrays)
    numbers = [None if np.isnan(value) else float(value) for value in arrays["numeric"].flat]
    words = arrays["categorical"].ravel().tolist()
    inputs = [("numeric", "FP32", [4, 3], numbers), ("categorical", "BYTES", [4, 1], words)]
    raws = [
        ("numeric", "FP32", [4, 3], arrays["numeric"].tobytes()),
        ("categorical", "BYTES", [4, 1], wire.raw_of("BYTES", words)),
    ]
    for request in (Infer(inputs), Infer(raws), Infer(raws, wire.ALL_BINARY)):
        (output,) = (await ask(client, "tiny", request))["outputs"]
        assert (output["name"], output["datatype"], output["shape"]) == ("probabilities", "FP32", [4, 2])
        np.testing.assert_allclose(np.reshape(output["data"], (4, 2)), expected, rtol=1e-6)
    best = wire.wanting({"name": "probabilities", "parameters": {"classification": 1}})
    (output,) = (await ask(client, "tiny", Infer(inputs, best)))["outputs"]
    assert (output["datatype"], output["shape"]) == ("BYTES", [4, 1])
    for text, row in zip(output["data"], expected, strict=True):
        score, index, label = text.split(":")
        assert (int(index), label) == (row.argmax(), ("no", "yes")[row.argmax()])
        assert float(score) == pytest.approx(row.max(), rel=1e-6)


# ── requests that share runs ──


@pytest.mark.parametrize("run_on", ["loop", "thread"])
async def test_concurrent_requests_get_their_own_answers(run_on: str, folder: Path) -> None:
    """Of different models, shapes, outputs and forms, each tagged by its id and by its numbers."""
    async with serving.running(serving.app_of(folder, run_on=run_on)) as client:
        await asyncio.gather(*(tagged(client, number) for number in range(120)))


async def tagged(client: httpx.AsyncClient, number: int) -> None:
    rows, binary = number % 5 + 1, number % 2 == 0
    more: dict[str, Any] = {"id": f"request {number}", "parameters": {"binary_data_output": number % 3 == 0}}
    if number % 4 == 0:
        left, right = [number] * 16 * rows, list(range(16 * rows))
        inputs: list[Tensor] = [("INPUT0", "INT32", [rows, 16], left), ("INPUT1", "INT32", [rows, 16], right)]
        name = ("OUTPUT0", "OUTPUT1")[number // 4 % 2]
        more |= wire.wanting({"name": name})
        sign = 1 if name == "OUTPUT0" else -1
        model, expected = "add_sub", [a + sign * b for a, b in zip(left, right, strict=True)]
    else:
        width = number % 3 + 1
        expected = [number * 100 + place for place in range(rows * width)]
        inputs = [("x", "INT64", [rows, width], expected)]
        model, name = "identity_INT64", "y"
    if binary:
        inputs = [(key, datatype, shape, wire.raw_of(datatype, data)) for key, datatype, shape, data in inputs]
    found = await ask(client, model, Infer(inputs, more))
    assert (found["model_name"], found["id"]) == (model, f"request {number}")
    (output,) = found["outputs"]
    assert (output["name"], output["data"]) == (name, expected)
    assert output.get("binary", False) == (number % 3 == 0)


async def test_requests_of_one_shape_share_a_run(folder: Path) -> None:
    """Twenty requests, fewer runs, every row once."""
    async with serving.running(serving.app_of(folder)) as client:
        await asyncio.gather(*(ask(client, "add_sub", Infer(wire.PAIR)) for _ in range(20)))
        (found,) = (await client.get("/v2/models/add_sub/stats")).json()["model_stats"]
    assert found["inference_count"] == 20
    assert found["execution_count"] < 20


# ── the API's description ──


async def test_infer_is_described(client: httpx.AsyncClient) -> None:
    """Body, answer, examples and every status that it may have."""
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path in ("/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"):
        operation = paths[path]["post"]
        body = operation["requestBody"]["content"]
        assert set(body) == {"application/json", "application/octet-stream"}
        assert body["application/json"]["schema"]["required"] == ["inputs"]
        assert set(operation["responses"]) >= {"200", "400", "404", "413", "415", "429", "500", "503", "504"}


async def test_the_examples_of_the_description_work(tmp_path: Path) -> None:
    """On a model that has the tensors that they name."""
    models.write(tmp_path, "any", models.identity("FP32"))
    async with serving.running(serving.app_of(tmp_path)) as client:
        operation = (await client.get("/openapi.json")).json()["paths"]["/v2/models/{name}/infer"]["post"]
        examples = operation["requestBody"]["content"]["application/json"]["examples"]
        assert examples
        for example in examples.values():
            response = await client.post("/v2/models/any/infer", content=json.dumps(example["value"]))
            assert response.status_code == 200, response.text
            assert LENGTH.lower() not in response.headers
