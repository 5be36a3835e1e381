"""The Open Inference Protocol over gRPC: its contract, and what surrounds it, through real sockets."""

import asyncio
import math
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import grpc
import httpx
import pytest
import trustme
from google.protobuf.message import Message
from grpc import StatusCode
from grpc.aio import AioRpcError

from app.http.byte_budget import ByteBudget
from app.main import Slipway
from app.protocols.endpoint import Serving
from app.protocols.open_inference_grpc.infer import Infer
from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from app.protocols.open_inference_grpc.receiving import Receiver
from app.protocols.open_inference_grpc.status import Call
from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference_grpc.cases import CASES, Case, Output, Tensor, infer, one, outputs_of, x, y
from tests.support import serving, tiny

SERVICE = "/inference.GRPCInferenceService/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sound model of the contract."""
    root = tmp_path_factory.mktemp("models")
    wire.write_models(root)
    return root


@pytest.fixture(scope="module")
def process(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Process]:
    """A process with those, and models that cannot be loaded."""
    root = tmp_path_factory.mktemp("unsound")
    for model in folder.iterdir():
        (root / model.name).symlink_to(model)
    wire.write_unsound(root)
    options = ["--grpc-port", "0", "--versions", "all", "--max-request-rows", "50", "--max-body-bytes", "300000"]
    with serving.process(root, tmp_path_factory.mktemp("process"), *options) as started:
        yield started


@pytest.fixture(scope="module")
def channel(process: serving.Process) -> Iterator[grpc.Channel]:
    address = process.wait_for(r"grpc://(\S+)")[1]
    with grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)]) as channel:
        yield channel


@asynccontextmanager
async def stub_of(app: Slipway) -> AsyncIterator[Any]:
    """Run the application in this process, and give a client of its port."""
    async with serving.running(app), asyncio.timeout(serving.PATIENCE_S), channel_of(app) as channel:
        yield GRPCInferenceServiceStub(channel)


def channel_of(app: Slipway) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}")


def app_of(folder: Path, **settings: Any) -> Slipway:
    return serving.app_of(folder, grpc_port=0, **settings)


async def code_of(call: Any) -> StatusCode:
    """Wait for a call that must fail."""
    with pytest.raises(AioRpcError) as failed:
        await call
    found = failed.value.code()
    assert isinstance(found, StatusCode)
    return found


# ── the contract ──


def call(channel: grpc.Channel, case: Case) -> Any:
    """Call by the generated stub, or with bytes as they are."""
    if isinstance(case.request, Message):
        return getattr(GRPCInferenceServiceStub(channel), case.method)(case.request, timeout=serving.PATIENCE_S)
    method: Any = channel.unary_unary(SERVICE + case.method)
    return method(case.request, timeout=serving.PATIENCE_S)


@pytest.mark.parametrize("name", CASES)
def test_the_contract(name: str, channel: grpc.Channel) -> None:
    """Each clause: the status on the wire, and what of the answer matters; a plain request is answered afterwards."""
    case = CASES[name]
    if case.code == StatusCode.OK:
        check(case, call(channel, case))
    else:
        with pytest.raises(grpc.RpcError) as failed:
            call(channel, case)
        details = failed.value.details() or ""
        assert failed.value.code() == case.code, details
        assert all(part in details for part in case.says), details
        assert len(details) <= 500
    assert outputs_of(GRPCInferenceServiceStub(channel).ModelInfer(one(), timeout=serving.PATIENCE_S)) == [y()]


def check(case: Case, response: Any) -> None:
    if case.outputs is not None:
        assert outputs_of(response) == list(case.outputs)
    for key, value in case.holds.items():
        assert getattr(response, key) == value


def test_nan_goes_through(channel: grpc.Channel) -> None:
    """A bare graph may be asked about it, and may answer with it."""
    request = infer("identity_FP32", x("FP32", [1, 1], [math.nan]))
    (output,) = outputs_of(GRPCInferenceServiceStub(channel).ModelInfer(request, timeout=serving.PATIENCE_S))
    assert math.isnan(output[3][0])


def test_a_compressed_request(channel: grpc.Channel) -> None:
    for algorithm in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        response = GRPCInferenceServiceStub(channel).ModelInfer(
            one(), timeout=serving.PATIENCE_S, compression=algorithm
        )
        assert outputs_of(response) == [y()]


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_over_the_limit(compression: grpc.Compression, channel: grpc.Channel) -> None:
    """What comes out counts, not what came in; the connection stays."""
    stub = GRPCInferenceServiceStub(channel)
    request = infer("identity_FP32", x("FP32", [1, 10**5], bytes(400_000)))
    with pytest.raises(grpc.RpcError) as failed:
        stub.ModelInfer(request, timeout=serving.PATIENCE_S, compression=compression)
    assert failed.value.code() == StatusCode.RESOURCE_EXHAUSTED
    assert outputs_of(stub.ModelInfer(one(), timeout=serving.PATIENCE_S)) == [y()]


def test_the_extensions_are_those_of_rest_without_its_own(channel: grpc.Channel) -> None:
    found = GRPCInferenceServiceStub(channel).ServerMetadata(pb.ServerMetadataRequest()).extensions
    assert {"statistics", "model_configuration", "model_repository"} <= set(found)
    assert "binary_tensor_data" not in found


# ── what it shares with REST ──


async def test_configuration_statistics_and_index_are_those_of_rest(folder: Path) -> None:
    """One source, two ways out; every number of the one is in the other."""
    app = app_of(folder)
    async with stub_of(app) as stub, serving.client_of(app) as http:
        await stub.ModelInfer(infer("add_sub", *pair(1)))
        config = (await stub.ModelConfig(pb.ModelConfigRequest(name="add_sub"))).config
        told = (await http.get("/v2/models/add_sub/config")).json()
        assert (config.name, config.max_batch_size) == (told["name"], told["max_batch_size"])
        assert config.dynamic_batching.preferred_batch_size == told["dynamic_batching"]["preferred_batch_size"]
        assert pb.DataType.Name(config.input[0].data_type) == told["input"][0]["data_type"]
        (stats,) = (await stub.ModelStatistics(pb.ModelStatisticsRequest(name="add_sub"))).model_stats
        (counted,) = (await http.get("/v2/models/add_sub/stats")).json()["model_stats"]
        assert (stats.inference_count, stats.execution_count) == (1, 1)
        assert stats.inference_stats.success.ns == counted["inference_stats"]["success"]["ns"]
        assert stats.batch_stats[0].batch_size == counted["batch_stats"][0]["batch_size"] == 1
        every = (await stub.ModelStatistics(pb.ModelStatisticsRequest())).model_stats
        assert {entry.name for entry in every} == {entry.name for entry in app.state.registry.entries}
        index = (await stub.RepositoryIndex(pb.RepositoryIndexRequest(ready=True))).models
        assert [(entry.name, entry.version, entry.state) for entry in index] == [
            (entry["name"], entry["version"], entry["state"])
            for entry in (await http.post("/v2/repository/index")).json()
        ]


async def test_extensions_of_what_is_not_there(folder: Path) -> None:
    async with stub_of(app_of(folder)) as stub:
        assert await code_of(stub.ModelConfig(pb.ModelConfigRequest(name="nobody"))) == StatusCode.NOT_FOUND
        assert await code_of(stub.ModelStatistics(pb.ModelStatisticsRequest(name="nobody"))) == StatusCode.NOT_FOUND


async def test_every_call_is_counted_by_its_status(folder: Path) -> None:
    """As a request of REST: the model where it was found, and the HTTP status of the same error."""
    app = app_of(folder)
    async with stub_of(app) as stub, serving.client_of(app) as http:
        await stub.ModelInfer(one())
        await code_of(stub.ModelInfer(infer("identity_FP32", x("FP32", [1, 1], [1, 2]))))
        await code_of(stub.ModelInfer(infer("nobody", x())))
        metrics = (await http.get("/metrics")).text
    for line in (
        'slipway_requests_total{code="200",model="identity_FP32",protocol="grpc",version="1"} 1.0',
        'slipway_requests_total{code="400",model="identity_FP32",protocol="grpc",version="1"} 1.0',
        'slipway_requests_total{code="404",model="_unknown",protocol="grpc",version=""} 1.0',
    ):
        assert line in metrics


# ── many at once ──


@pytest.mark.parametrize("run_on", ["loop", "thread"])
async def test_concurrent_calls_get_their_own_answers(run_on: str, folder: Path) -> None:
    """Of different models, shapes and forms, each tagged by its id and by its numbers."""
    async with stub_of(app_of(folder, run_on=run_on)) as stub:
        await asyncio.gather(*(tagged(stub, number) for number in range(200)))


async def tagged(stub: Any, number: int) -> None:
    rows, width = number % 5 + 1, number % 3 + 1
    values = [number * 100 + place for place in range(rows * width)]
    data = wire.raw_of("INT64", values) if number % 2 else values
    outputs: list[Output] = [("y", "INT64", [rows, width], values)]
    request = infer("identity_INT64", x("INT64", [rows, width], data), id=f"call {number}")
    if number % 4 == 0:
        request = infer("add_sub", *pair(number), id=f"call {number}", outputs=["OUTPUT0"])
        outputs = [("OUTPUT0", "INT32", [1, 16], [number + place for place in range(16)])]
    response = await stub.ModelInfer(request)
    assert response.id == f"call {number}"
    assert outputs_of(response) == outputs


def pair(number: int) -> list[Tensor]:
    return [("INPUT0", "INT32", [1, 16], [number] * 16), ("INPUT1", "INT32", [1, 16], list(range(16)))]


async def test_calls_share_a_run_with_each_other_and_with_rest(folder: Path) -> None:
    """One batcher: twelve requests while a run is under way are one run after it."""
    app = app_of(folder, run_on="thread")
    async with stub_of(app) as stub, serving.client_of(app) as http, held(app, "add_sub"):
        batcher = app.state.registry.find("add_sub").batcher
        first = asyncio.create_task(finished(stub.ModelInfer(infer("add_sub", *pair(0)))))
        await serving.until(lambda: not batcher.idle and not batcher.queue.rows)
        calls = [asyncio.create_task(finished(stub.ModelInfer(infer("add_sub", *pair(n))))) for n in range(6)]
        body = {"inputs": [dict(zip(("name", "datatype", "shape", "data"), t, strict=True)) for t in pair(1)]}
        calls += [asyncio.create_task(http.post("/v2/models/add_sub/infer", json=body)) for _ in range(6)]
        await serving.until(lambda: batcher.queue.rows == 12)
        app.state.gate.set()
        await asyncio.gather(first, *calls)
        (stats,) = (await stub.ModelStatistics(pb.ModelStatisticsRequest(name="add_sub"))).model_stats
    assert (stats.inference_count, stats.execution_count) == (13, 2)


async def finished(call: Any) -> Any:
    return await call


@asynccontextmanager
async def held(app: Slipway, name: str) -> AsyncIterator[None]:
    """Keep the model's thread busy until `app.state.gate` is set."""
    app.state.gate = threading.Event()
    occupied = app.state.registry.find(name)._executor.submit(app.state.gate.wait, serving.PATIENCE_S)
    try:
        yield
    finally:
        app.state.gate.set()
        assert await asyncio.wrap_future(occupied)


# ── deadlines, cancellation, a full queue ──


async def test_a_timeout_is_the_deadline(folder: Path) -> None:
    """In microseconds; with ten minutes of the server's, only the request's own can end the wait."""
    app = app_of(folder, run_on="thread", timeout_ms=600_000)
    async with stub_of(app) as stub, held(app, "identity_FP32"):
        call = stub.ModelInfer(one(parameters={"timeout": 1000}))
        assert await code_of(call) == StatusCode.DEADLINE_EXCEEDED
        assert "deadline" in await call.details()


async def test_the_servers_own_timeout_is_the_most(folder: Path) -> None:
    """However long the request or the call would wait."""
    app = app_of(folder, run_on="thread", timeout_ms=50)
    async with stub_of(app) as stub, held(app, "identity_FP32"):
        for timeout_us, deadline_s in ((0, None), (10**12, None), (10**12, 1000), (0, 1000)):
            call = stub.ModelInfer(one(parameters={"timeout": timeout_us}), timeout=deadline_s)
            assert await code_of(call) == StatusCode.DEADLINE_EXCEEDED


async def test_the_calls_own_deadline_is_the_works(folder: Path) -> None:
    """The batcher is told of it, and the smaller one counts; afterwards nothing waits any more."""
    app = app_of(folder, run_on="thread", timeout_ms=600_000)
    async with stub_of(app) as stub, serving.client_of(app) as http, held(app, "identity_FP32"):
        batcher = app.state.registry.find("identity_FP32").batcher
        while await counted(http) < 3:  # what a busy machine reads after its deadline is none of the batcher's
            await asyncio.gather(
                *(code_of(stub.ModelInfer(one(parameters={"timeout": 10**10}), timeout=1)) for _ in range(3))
            )
        await serving.until(lambda: batcher.queue.rows == 0)  # the server may hear of the end later than its caller


async def counted(http: httpx.AsyncClient) -> float:
    """Return how many calls ended at their deadline, as the metrics say."""
    its = r'slipway_requests_total\{code="504",model="identity_FP32",protocol="grpc",version="1"\} (\S+)'
    found = re.search(its, (await http.get("/metrics")).text)
    return 0.0 if found is None else float(found[1])


NEAR_S = 0.5  # far enough for a busy machine to queue the call before it


class Brief:
    """The context of a call whose message is here and whose deadline is near."""

    async def read(self) -> bytes:
        return one().SerializeToString()

    def time_remaining(self) -> float:
        return NEAR_S

    def invocation_metadata(self) -> None: ...


async def test_a_call_that_grpc_ends_at_its_deadline_is_counted(folder: Path) -> None:
    """As if the batcher had been first, for which of the two it is nobody can say."""
    app = app_of(folder, run_on="thread")
    async with stub_of(app) as stub, serving.client_of(app) as http, held(app, "identity_FP32"):
        batcher = app.state.registry.find("identity_FP32").batcher
        first = stub.ModelInfer(one())
        await serving.until(lambda: not batcher.idle and not batcher.queue.rows)
        brief: Any = Brief()
        behaviour = Infer(Serving(app.state.registry, app.state.metrics, 10, 10**6, app.guards))
        call = asyncio.create_task(behaviour(Call(brief, Receiver(ByteBudget(), 10**6, 10, 10))))
        await serving.until(lambda: batcher.queue.rows == 2)
        late = monotonic() + NEAR_S
        while monotonic() < late:
            pass  # the loop stands still, so that no timer can be first
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert batcher.queue.rows == 0
        counted = 'slipway_requests_total{code="504",model="identity_FP32",protocol="grpc",version="1"} 1.0'
        text = (await http.get("/metrics")).text
        assert counted in text
        assert 'slipway_rejections_total{model="identity_FP32",reason="deadline",version="1"} 1.0' in text
        assert 'slipway_rejections_total{model="identity_FP32",reason="left",version="1"} 0.0' in text
        app.state.gate.set()
        assert outputs_of(await first) == [y()]


async def test_a_cancelled_call_takes_its_work_along(folder: Path) -> None:
    """It leaves the queue before the run, and is counted as no answer but as one who left."""
    app = app_of(folder, run_on="thread")
    async with stub_of(app) as stub, serving.client_of(app) as http, held(app, "identity_FP32"):
        batcher = app.state.registry.find("identity_FP32").batcher
        first = stub.ModelInfer(one())
        await serving.until(lambda: not batcher.idle and not batcher.queue.rows)
        second, third = stub.ModelInfer(one()), stub.ModelInfer(one(id="third"))
        await serving.until(lambda: batcher.queue.rows == 4)
        second.cancel()
        await serving.until(lambda: batcher.queue.rows == 2)
        app.state.gate.set()
        assert outputs_of(await first) == [y()]
        assert (await third).id == "third"
        (stats,) = (await stub.ModelStatistics(pb.ModelStatisticsRequest(name="identity_FP32"))).model_stats
        metrics = (await http.get("/metrics")).text
    assert stats.inference_count == 4
    assert 'slipway_requests_total{code="200",model="identity_FP32",protocol="grpc",version="1"} 2.0' in metrics
    assert 'slipway_requests_total{code="5' not in metrics
    assert 'slipway_rejections_total{model="identity_FP32",reason="left",version="1"} 1.0' in metrics


async def test_a_full_queue(folder: Path) -> None:
    """With the seconds to wait behind the status."""
    async with stub_of(app_of(folder, max_queue_rows=5)) as stub:
        with pytest.raises(AioRpcError) as failed:
            await stub.ModelInfer(infer("identity_FP32", x("FP32", [6, 1], [1] * 6)))
        assert failed.value.code() == StatusCode.RESOURCE_EXHAUSTED
        assert failed.value.trailing_metadata()["retry-after"] == "1"
        assert outputs_of(await stub.ModelInfer(one())) == [y()]


# ── what fails ──


async def test_a_model_that_fails(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """INTERNAL, with none of its own text."""
    app = app_of(folder)
    async with stub_of(app) as stub:
        model = app.state.registry.find("identity_FP32")
        model._engine = None  # what it then says is logged
        with pytest.raises(AioRpcError) as failed:
            await stub.ModelInfer(one())
        assert failed.value.code() == StatusCode.INTERNAL
        assert "NoneType" not in str(failed.value.details())
        assert "NoneType" in caplog.text


async def test_a_bug_shows_nothing_of_itself(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged and counted, and the next call is answered."""
    app = app_of(folder)
    async with stub_of(app) as stub, serving.client_of(app) as http:
        find, app.state.registry.find = app.state.registry.find, lambda *_: 1 / 0
        for method in (stub.ModelInfer(one()), stub.ModelMetadata(pb.ModelMetadataRequest(name="fixed"))):
            with pytest.raises(AioRpcError) as failed:
                await method
            assert (failed.value.code(), failed.value.details()) == (StatusCode.INTERNAL, "Internal error.")
        app.state.registry.find = find
        assert "ZeroDivisionError" in caplog.text
        assert outputs_of(await stub.ModelInfer(one())) == [y()]
        assert 'code="500",model="_unknown"' in (await http.get("/metrics")).text


async def test_while_models_load(folder: Path) -> None:
    """The port answers, and says that it is not ready until they are loaded."""
    app = app_of(folder)
    async with app.router.lifespan_context(app), asyncio.timeout(serving.PATIENCE_S), channel_of(app) as channel:
        app.state.registry.finished.clear()
        stub: Any = GRPCInferenceServiceStub(channel)
        assert (await stub.ServerLive(pb.ServerLiveRequest())).live
        assert not (await stub.ServerReady(pb.ServerReadyRequest())).ready
        await serving.until(lambda: app.state.registry.ready)
        app.state.registry.finished.set()
        assert (await stub.ServerReady(pb.ServerReadyRequest())).ready


async def test_a_model_whose_batcher_broke(folder: Path) -> None:
    app = app_of(folder)
    async with stub_of(app) as stub:
        app.state.registry.find("fixed").batcher.failure = RuntimeError()
        assert not (await stub.ModelReady(pb.ModelReadyRequest(name="fixed"))).ready
        assert not (await stub.ServerLive(pb.ServerLiveRequest())).live
        assert (await stub.ModelReady(pb.ModelReadyRequest(name="scalar"))).ready


# ── who may call ──


async def test_keys_are_asked_for_as_over_http(folder: Path, tmp_path: Path) -> None:
    """In the call's metadata, in either form."""
    keys = tmp_path / "keys"
    keys.write_text("someone:a-key-of-sufficient-length\n")
    async with stub_of(app_of(folder, api_keys_file=keys)) as stub:
        metadata: Any
        for metadata in ((), (("authorization", "Bearer another-key-of-good-length"),), (("x-api-key", ""),)):
            assert await code_of(stub.ModelInfer(one(), metadata=metadata)) == StatusCode.UNAUTHENTICATED
            call = stub.ModelMetadata(pb.ModelMetadataRequest(name="fixed"), metadata=metadata)
            assert await code_of(call) == StatusCode.UNAUTHENTICATED
            assert (await stub.ServerReady(pb.ServerReadyRequest(), metadata=metadata)).ready
        for metadata in (
            (("authorization", "Bearer a-key-of-sufficient-length"),),
            (("x-api-key", "a-key-of-sufficient-length"), ("some-bin", b"\xff")),
        ):
            assert outputs_of(await stub.ModelInfer(one(), metadata=metadata)) == [y()]


async def test_tls_is_that_of_http(folder: Path, tmp_path: Path) -> None:
    """Plain calls get nothing; where clients need a certificate, so do those of gRPC."""
    authority = trustme.CA()
    server, client = authority.issue_cert("localhost"), authority.issue_cert("client.example")
    names = {"tls_certificate": "certificate.pem", "tls_key": "key.pem", "tls_client_ca": "ca.pem"}
    paths = {setting: tmp_path / name for setting, name in names.items()}
    server.cert_chain_pems[0].write_to_path(paths["tls_certificate"])
    server.private_key_pem.write_to_path(paths["tls_key"])
    authority.cert_pem.write_to_path(paths["tls_client_ca"])
    root = authority.cert_pem.bytes()
    anybody = grpc.ssl_channel_credentials(root)
    known = grpc.ssl_channel_credentials(root, client.private_key_pem.bytes(), client.cert_chain_pems[0].bytes())
    for mutual in (False, True):
        settings = {name: path for name, path in paths.items() if mutual or name != "tls_client_ca"}
        app = app_of(folder, **settings)
        async with serving.running(app), asyncio.timeout(serving.PATIENCE_S):
            address = f"localhost:{app.state.rpc.port}"
            async with channel_of(app) as plain:
                call = GRPCInferenceServiceStub(plain).ModelInfer(one())
                assert await code_of(call) == StatusCode.UNAVAILABLE
            async with grpc.aio.secure_channel(address, known) as channel:
                assert outputs_of(await GRPCInferenceServiceStub(channel).ModelInfer(one())) == [y()]
            async with grpc.aio.secure_channel(address, anybody) as channel:
                call = GRPCInferenceServiceStub(channel).ModelInfer(one())
                if mutual:
                    assert await code_of(call) == StatusCode.UNAVAILABLE
                else:
                    assert outputs_of(await call) == [y()]


# ── bundles ──


async def test_a_bundle_answers_as_its_graph(folder: Path) -> None:
    """Missing numbers are NaN and missing text is empty."""
    rows = [tiny.instance(tiny.Tiny(), row) for row in range(4)]
    rows[1]["hours-per-week"] = rows[2]["level"] = None
    arrays = tiny.tensors(tiny.Tiny(), rows)
    expected = tiny.run(folder / "tiny" / "1" / "model.onnx", arrays)
    inputs: list[Tensor] = [
        ("numeric", "FP32", [4, 3], arrays["numeric"].ravel().tolist()),
        ("categorical", "BYTES", [4, 1], arrays["categorical"].ravel().tolist()),
    ]
    async with stub_of(app_of(folder)) as stub:
        (output,) = outputs_of(await stub.ModelInfer(infer("tiny", *inputs)))
    assert output[:3] == ("probabilities", "FP32", [4, 2])
    assert output[3] == pytest.approx(expected.ravel().tolist(), rel=1e-6)
