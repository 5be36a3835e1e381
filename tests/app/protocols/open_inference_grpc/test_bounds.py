"""What callers may keep of the server's memory, by what HTTP/2 lets them send, and what the budget counts."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from app.http.byte_budget import SMALL_BYTES, ByteBudget
from app.main import Slipway
from app.protocols.open_inference_grpc import health, sending
from app.protocols.open_inference_grpc.receiving import WINDOW_BYTES
from benchmarks.resilience.grpc_clients import CHECK, INFER, WATCH, Http2, head, message
from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference_grpc.cases import infer, one, outputs_of, x, y
from tests.app.protocols.open_inference_grpc.test_server import app_of, channel_of, held, stub_of
from tests.support import serving

LARGE_BYTES = 10**6
KEY = "a-key-of-sufficient-length"
FOREVER_S = 3600


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model alone: every test starts the application."""
    written, root = tmp_path_factory.mktemp("written"), tmp_path_factory.mktemp("models")
    wire.write_models(written)
    (root / "identity_FP32").symlink_to(written / "identity_FP32")
    return root


@asynccontextmanager
async def http2(app: Slipway, window: int = WINDOW_BYTES) -> AsyncIterator[Http2]:
    connection = await Http2.connect(app.state.rpc.port, window)
    try:
        yield connection
    finally:
        connection.abort()


async def half(connection: Http2, path: str, **metadata: str) -> None:
    """Announce a large message and send half of it, as far as the server lets it come."""
    connection.open(1, head(path, **metadata))
    await connection.send(1, message(bytes(LARGE_BYTES // 2), LARGE_BYTES), end=False)


def large(rows: int = 50) -> Any:
    """A request of some 200 kB whose answer is as large."""
    return infer("identity_FP32", x("FP32", [rows, 1000], bytes(4000 * rows)))


def budget_of(app: Slipway) -> ByteBudget:
    found: ByteBudget = app.hot.budget
    return found


# ── before a message is read ──


@pytest.mark.parametrize("path", [INFER, "/inference.GRPCInferenceService/ModelMetadata", "/no.Service/Method"])
async def test_without_a_key_the_message_is_not_read(path: str, folder: Path, tmp_path: Path) -> None:
    """Nor for a method that is not there: what came is what flow control lets pass before anybody reads."""
    keys = tmp_path / "keys"
    keys.write_text(f"someone:{KEY}\n")
    app = app_of(folder, api_keys_file=keys)
    async with stub_of(app), http2(app) as connection:
        connection.open(1, head(path))
        await connection.send(1, message(bytes(10 * LARGE_BYTES)))
        assert await connection.ended(1) == ("UNIMPLEMENTED" if path.startswith("/no") else "UNAUTHENTICATED")
        assert connection.sent_bytes <= WINDOW_BYTES
        connection.open(3, head(INFER, x_api_key=KEY))
        await connection.send(3, message(one().SerializeToString()))
        assert await connection.ended(3) == "OK"


async def test_a_call_without_a_message(folder: Path) -> None:
    app = app_of(folder)
    async with stub_of(app), http2(app) as connection:
        connection.open(1, head(INFER))
        connection.write(b"\0\0\0\0\1\0\0\0\1")  # DATA with END_STREAM and nothing in it
        assert await connection.ended(1) == "INVALID_ARGUMENT"


# ── half messages ──


async def test_half_a_message_ends_at_the_receive_timeout(folder: Path) -> None:
    """Whether it is counted by then or not; what was held for it is given back."""
    app = app_of(folder, receive_timeout_s=0.3)
    async with stub_of(app) as stub, http2(app) as connection:
        await half(connection, INFER)
        await serving.until(lambda: budget_of(app).used_bytes == app.settings.max_body_bytes)
        assert outputs_of(await stub.ModelInfer(one())) == [y()]
        assert await connection.ended(1) == "DEADLINE_EXCEEDED"
        await serving.until(lambda: budget_of(app).used_bytes == 0)


async def test_half_a_message_makes_way_where_there_is_no_room(folder: Path) -> None:
    """Small calls are answered beside it; it is refused, and told to try again."""
    app = app_of(folder)
    async with stub_of(app) as stub, http2(app) as connection:
        hold = budget_of(app).hold(budget_of(app).limit_bytes)
        await half(connection, INFER)
        answers = await asyncio.gather(*(stub.ModelInfer(one()) for _ in range(50)))
        assert all(outputs_of(answer) == [y()] for answer in answers)
        assert await connection.ended(1) == "RESOURCE_EXHAUSTED"
        hold.end()
        assert budget_of(app).used_bytes == 0


async def test_whoever_leaves_the_line_keeps_nobody_waiting(folder: Path) -> None:
    app = app_of(folder)
    async with stub_of(app) as stub, http2(app) as reading, http2(app) as leaving:
        hold = budget_of(app).hold(budget_of(app).limit_bytes)
        await half(reading, INFER)
        await half_until_full(leaving)
        leaving.abort()
        reading.abort()
        assert outputs_of(await stub.ModelInfer(one())) == [y()]
        hold.end()
        await serving.until(lambda: budget_of(app).used_bytes == 0)


async def half_until_full(connection: Http2) -> None:
    sending_half = asyncio.create_task(half(connection, INFER))
    await asyncio.wait([sending_half], timeout=0.05)
    sending_half.cancel()


# ── methods without a key ──


async def test_probes_are_answered_beside_half_of_a_message(folder: Path) -> None:
    """One such message is read at a time; a probe beside it is answered unread, and a second half does not come in."""
    app = app_of(folder)
    async with stub_of(app), channel_of(app) as channel, http2(app) as first, http2(app) as second:
        await half(first, CHECK)
        second.open(1, head(CHECK))
        await second.send(1, message(bytes(LARGE_BYTES)))
        assert await second.ended(1) == "OK"
        assert second.sent_bytes <= WINDOW_BYTES
        assert (await HealthStub(channel).Check(HealthCheckRequest())).status == HealthCheckResponse.SERVING
        assert await first.ended(1) == "OK"


@pytest.mark.parametrize("path", [CHECK, "/inference.GRPCInferenceService/ServerLive", WATCH])
async def test_a_probe_that_says_much(path: str, folder: Path) -> None:
    app = app_of(folder)
    async with stub_of(app), http2(app) as connection:
        connection.open(1, head(path))
        await connection.send(1, message(bytes(SMALL_BYTES + 1)))
        assert await connection.ended(1) == "INVALID_ARGUMENT"


async def test_streams_are_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watchers and reflections together; one that ends makes room."""
    monkeypatch.setattr(health, "STREAMS_MAX", 2)
    app = app_of(folder)
    async with stub_of(app), channel_of(app) as channel:
        watchers = [HealthStub(channel).Watch(HealthCheckRequest()) for _ in range(2)]
        for watcher in watchers:
            assert (await watcher.read()).status == HealthCheckResponse.SERVING
        refused = ServerReflectionStub(channel).ServerReflectionInfo()
        assert (await refused.code()).name == "RESOURCE_EXHAUSTED"
        watchers[0].cancel()
        async with asyncio.timeout(serving.PATIENCE_S):
            while await code_of_reflection(channel) != "OK":  # noqa: ASYNC110 - the server hears of the end later
                await asyncio.sleep(0.01)
        watchers[1].cancel()


async def code_of_reflection(channel: Any) -> str:
    call = ServerReflectionStub(channel).ServerReflectionInfo()
    await call.done_writing()
    return str((await call.code()).name)


async def test_a_reflection_that_asks_nothing_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "QUESTION_S", 0.1)
    app = app_of(folder)
    async with stub_of(app), channel_of(app) as channel:
        call = ServerReflectionStub(channel).ServerReflectionInfo()
        await call.write(ServerReflectionRequest(list_services=""))
        assert (await call.read()).HasField("list_services_response")
        assert (await call.code()).name == "OK"


# ── what is counted ──


async def test_a_request_counts_until_its_answer_is_sent(folder: Path) -> None:
    """By its size; what is small counts as nothing."""
    app = app_of(folder, run_on="thread")
    async with stub_of(app) as stub, held(app, "identity_FP32"):
        little, much = one(), large()
        calls = [asyncio.ensure_future(finished(stub.ModelInfer(request))) for request in (little, much)]
        await serving.until(lambda: budget_of(app).used_bytes == len(much.SerializeToString()))
        app.state.gate.set()
        await asyncio.gather(*calls)
        await serving.until(lambda: budget_of(app).used_bytes == 0)


async def finished(call: Any) -> Any:
    return await call


async def test_without_room_a_large_request_is_refused(folder: Path) -> None:
    """With the seconds to wait, in the form of HTTP and of clients that try again of their own accord."""
    app = app_of(folder, max_bytes_under_way=2**20)
    async with stub_of(app) as stub:
        hold = budget_of(app).hold(2**20)
        call = stub.ModelInfer(large(), timeout=serving.PATIENCE_S)
        assert (await call.code()).name == "RESOURCE_EXHAUSTED"
        trailing = dict(await call.trailing_metadata())
        assert (trailing["retry-after"], trailing["grpc-retry-pushback-ms"]) == ("1", "1000")
        assert outputs_of(await stub.ModelInfer(one())) == [y()]
        hold.end()
        assert len(outputs_of(await stub.ModelInfer(large()))) == 1


async def test_errors_and_answers_leave_nothing_behind(folder: Path) -> None:
    """Not even until the garbage collector comes: it does not count bytes."""
    app = app_of(folder)
    async with stub_of(app) as stub, channel_of(app) as channel:
        method: Any = channel.unary_unary(INFER)
        await stub.ModelInfer(large())
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            for _ in range(10):
                assert (await method(bytes(LARGE_BYTES)).code()).name == "INVALID_ARGUMENT"
                await stub.ModelInfer(infer("identity_FP32", x("FP32", [1, 250_000], bytes(LARGE_BYTES))))
            await asyncio.sleep(0.1)
            kept_bytes, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            gc.enable()
    assert kept_bytes < 4 * LARGE_BYTES


# ── answers that nobody reads ──


async def test_an_answer_that_nobody_reads_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts while it waits; then its connection is closed, and no other."""
    monkeypatch.setattr(sending, "LOOK_EVERY_S", 0.05)
    app = app_of(folder, send_timeout_s=0.1)
    async with stub_of(app) as stub, serving.client_of(app) as http, http2(app, window=0) as connection:
        assert outputs_of(await stub.ModelInfer(one())) == [y()]
        connection.open(1, head(INFER))
        await connection.send(1, message(large().SerializeToString()))
        await serving.until(lambda: budget_of(app).used_bytes > 200_000)
        assert await connection.ended(1) == "closed"
        await serving.until(lambda: budget_of(app).used_bytes == 0)
        assert outputs_of(await stub.ModelInfer(one())) == [y()]
        assert "slipway_unread_answers_total 1.0" in (await http.get("/metrics")).text


async def test_a_stop_does_not_wait_for_who_does_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "STOPPING_S", 0.1)
    monkeypatch.setattr(sending, "LOOK_EVERY_S", 0.05)
    app = app_of(folder, shutdown_timeout_s=FOREVER_S)
    async with stub_of(app), http2(app, window=0) as connection:
        connection.open(1, head(INFER))
        await connection.send(1, message(large().SerializeToString()))
        await serving.until(lambda: budget_of(app).used_bytes > 200_000)
        await asyncio.wait_for(app.state.rpc.stop(), serving.PATIENCE_S)


async def test_a_caller_that_leaves_while_it_is_answered_is_no_error(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """grpcio would print a trace of each."""
    app = app_of(folder)
    async with stub_of(app):
        for _ in range(5):
            async with http2(app, window=0) as connection:
                connection.open(1, head(INFER))
                await connection.send(1, message(large().SerializeToString()))
                await serving.until(lambda: budget_of(app).used_bytes > 200_000)
            await serving.until(lambda: budget_of(app).used_bytes == 0)
    assert "ExecuteBatchError" not in caplog.text
