"""Every answer bears the id of its request: both doors, every kind of route, every kind of end, and gRPC."""

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference_grpc.cases import infer, one, x
from tests.support import serving, tiny
from tests.support.wire import Client, Running, expected, request, running

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-00"
FRESH = re.compile("[0-9a-f]{32}")

GOOD = request([[1, 2]])
BAD = request([[1, 2, 3]])
INFER = b'{"inputs":[{"name":"numeric","datatype":"FP32","shape":[1,2],"data":[1,2]}]}'


def post(path: str, body: bytes, *lines: str) -> bytes:
    head = "".join([f"{line}\r\n" for line in (f"POST {path} HTTP/1.1", "host: x", *lines)])
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode()


ANSWERS = {
    "a prediction": (200, GOOD),
    "a refusal": (400, BAD),
    "another model": (404, post("/predict?model=x", b"{}")),
    "open inference": (200, post("/v2/models/tiny/infer", INFER)),
    "open inference, refused": (400, post("/v2/models/tiny/infer", b"{}")),
    "tensorflow serving": (200, post("/v1/models/tiny:predict", b'{"instances":[[1,2]]}')),
    "tensorflow serving, refused": (400, post("/v1/models/tiny:predict", b"[]")),
    "a route of FastAPI": (200, get("/models")),
    "health": (200, get("/health/live")),
    "no route": (404, get("/nowhere")),
    "no method": (405, get("/predict")),
    "a folder of files": (200, get("/docs/assets/favicon-32x32.png")),
    "too large": (413, post("/predict", b" " * 5000)),
}


@pytest.fixture(params=["protocol", "asgi"])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, request.param, max_body_bytes=4096) as it:
        yield it


def with_line(raw: bytes, line: str) -> bytes:
    return raw.replace(b"host: x\r\n", b"host: x\r\n" + line.encode("latin-1") + b"\r\n", 1)


async def ask(client: Client, raw: bytes) -> tuple[int, str | None]:
    await client.send(raw)
    status, headers, _ = await client.answer()
    return status, headers.get("x-request-id")


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_id_is_given_back_on_every_answer(name: str, served: Running) -> None:
    """Three times on one connection: the first by the parser, the others where the head is known but for its id."""
    status, raw = ANSWERS[name]
    client = await served.connect()
    for number in range(3):
        assert await ask(client, with_line(raw, f"X-Request-ID: call-{number}")) == (status, f"call-{number}")
    assert await ask(client, with_line(raw, f"traceparent: {PARENT}")) == (status, TRACE)


@pytest.mark.parametrize("name", ANSWERS)
async def test_without_an_id_only_errors_get_one(name: str, served: Running) -> None:
    status, raw = ANSWERS[name]
    client = await served.connect()
    for _ in range(2):
        found, given = await ask(client, raw)
        assert found == status
        if status == 200:
            assert given is None
        else:
            assert given is not None
            assert FRESH.fullmatch(given)


async def test_what_is_no_id_is_not_repeated(served: Running) -> None:
    """Not even in part, and not on the second time; a good answer to it bears none."""
    client = await served.connect()
    for odd in ("x" * 129, "a b", "ä", "<b>", "a,b"):
        for raw, wanted in ((GOOD, None), (BAD, FRESH)):
            for _ in range(2):
                _, given = await ask(client, with_line(raw, f"x-request-id: {odd}"))
                assert given is None if wanted is None else wanted.fullmatch(given or "")


async def test_pipelined_requests_keep_their_own_ids(served: Running) -> None:
    client = await served.connect()
    sent = [with_line(raw, f"x-request-id: {n}") for n, raw in enumerate([GOOD, BAD, get("/models"), GOOD, GOOD, BAD])]
    await client.send(b"".join(sent))
    assert [(await client.answer())[1]["x-request-id"] for _ in sent] == [*"012345"]


async def test_what_is_no_http_gets_an_id_too(tmp_path: Path) -> None:
    async with running(tmp_path, max_head_bytes=1024) as served:
        for raw, status in ((b"nonsense\r\n\r\n", 400), (with_line(GOOD, f"y: {'x' * 2000}"), 431)):
            client = await served.connect()
            found, given = await ask(client, raw)
            assert found == status
            assert FRESH.fullmatch(given or "")
        client = await served.connect()
        raw = with_line(with_line(GOOD, f"y: {'x' * 2000}"), "x-request-id: mine")
        assert await ask(client, raw) == (431, "mine")


async def test_heads_that_differ_in_their_ids_are_remembered_as_one(tmp_path: Path) -> None:
    """A client that gives each request an id neither fills the memory nor drives others out of it."""
    async with running(tmp_path) as served:
        client = await served.connect()
        await client.send(GOOD)
        await client.answer()
        heads = served.app.hot.heads
        known = {**heads}
        assert len(known) == 1
        for number in range(300):
            line = f"x-request-id: {number}" if number % 2 else f"traceparent: {PARENT[:-2]}{number % 100:02d}"
            assert (await ask(client, with_line(GOOD, line)))[0] == 200
        assert heads == known
        for number in range(3):  # a head that is first seen with an id is known without it
            raw = with_line(with_line(GOOD, "accept: x"), f"x-request-id: {number}")
            assert await ask(client, raw) == (200, f"{number}")
        assert len(heads) == 2
        assert not any(b"request-id" in head for head in heads)
        assert await ask(client, with_line(GOOD, "accept: x")) == (200, None)


async def test_a_head_whose_id_is_odd_is_not_remembered(tmp_path: Path) -> None:
    """Its bytes do not show all that it says, and the next time it must be read again."""
    async with running(tmp_path) as served:
        client = await served.connect()
        for _ in range(2):
            await ask(client, with_line(GOOD, "x-request-id: \xe4"))
        assert not served.app.hot.heads


async def test_a_known_head_with_an_id_is_read_as_the_parser_reads_it(tmp_path: Path) -> None:
    """Answers, keys of callers, and a canary that looks at the id itself."""
    keys = tmp_path / "keys"
    keys.write_text("someone:a-key-of-enough-length\n")
    async with running(tmp_path, api_keys_file=keys) as served:
        client = await served.connect()
        key = "x-api-key: a-key-of-enough-length"
        for rows in ([[1, 2]], [[3, 4]], [[5, 6]]):
            await client.send(request(rows, f"x-request-id: {rows[0][0]}", key))
            assert await client.values() == expected(rows)
        for number in range(2):
            raw = request([[1, 2]], f"x-request-id: {number}", "x-api-key: another-key-of-enough-length")
            assert await ask(client, raw) == (401, f"{number}")


async def test_a_canary_may_go_by_the_id(tmp_path: Path) -> None:
    """The header is there for whoever asks for it, although the head is remembered without it."""
    for version in (1, 2):
        tiny.write(tmp_path, tiny.Tiny(name="split", version=version))
    rule: Any = {"split": {"version": 2, "share": 0.5, "key": "x-request-id"}}
    body = b'{"instances":[{"age":1,"member":true,"hours-per-week":2,"level":"low"}]}'
    async with running(tmp_path, canary=rule, default_model="split") as served:
        client = await served.connect()
        answered: dict[int, set[str]] = {number: set() for number in range(20)}
        for _ in range(3):
            for number, seen in answered.items():
                await client.send(post("/predict", body, f"x-request-id: caller-{number}"))
                status, headers, said = await client.answer()
                assert status == 200, said
                seen.add(headers["x-slipway-version"])
        assert all(len(seen) == 1 for seen in answered.values())
        assert len(set.union(*answered.values())) == 2


# ── gRPC ──


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    wire.write_models(root)
    return root


async def trailing(call: Any) -> dict[str, str]:
    with contextlib.suppress(grpc.aio.AioRpcError):
        await call
    return dict(await call.trailing_metadata() or ())


async def test_calls_get_their_ids_back_as_metadata(folder: Path) -> None:
    """Good calls and refused ones, of every method; without an id only what was refused has one."""
    app = serving.app_of(folder, grpc_port=0)
    async with serving.running(app), grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}") as channel:
        stub: Any = GRPCInferenceServiceStub(channel)
        calls = [
            (stub.ModelInfer, one(), True),
            (stub.ModelInfer, infer("gone", x()), False),
            (stub.ServerLive, pb.ServerLiveRequest(), True),
            (stub.ModelMetadata, pb.ModelMetadataRequest(name="gone"), False),
        ]
        for method, message, good in calls:
            assert (await trailing(method(message, metadata=[("x-request-id", "mine")])))["x-request-id"] == "mine"
            assert (await trailing(method(message, metadata=[("traceparent", PARENT)])))["x-request-id"] == TRACE
            plain = (await trailing(method(message))).get("x-request-id")
            assert plain is None if good else FRESH.fullmatch(plain or "")


async def test_the_standard_services_give_ids_back(folder: Path) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    app = serving.app_of(folder, grpc_port=0)
    async with serving.running(app), grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        for service in ("", "unknown"):
            call = stub.Check(health_pb2.HealthCheckRequest(service=service), metadata=[("x-request-id", "mine")])
            assert (await trailing(call))["x-request-id"] == "mine"
