"""Spans, as a collector gets them: a real OTLP/HTTP receiver in this process."""

import asyncio
import http.server
import itertools
import json
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from app.telemetry import tracing
from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference_grpc.cases import infer, one, x
from tests.app.telemetry.test_request_ids import BAD, GOOD, INFER, post, with_line
from tests.support import serving
from tests.support.wire import Running, request, running

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"traceparent: 00-{TRACE}-{PARENT}-01"
STAGES = ["decode", "queue", "run", "encode"]


class Collector:
    """An OTLP/HTTP receiver; `answer` is the status that it gives."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.resource: dict[str, str] = {}
        self.answer = 200
        collector = self

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces" and collector.answer == 200:
                    collector._take(ExportTraceServiceRequest.FromString(body))
                self.send_response(collector.answer)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _take(self, message: ExportTraceServiceRequest) -> None:
        for each in message.resource_spans:
            self.resource = {pair.key: pair.value.string_value for pair in each.resource.attributes}
            for scope in each.scope_spans:
                self.spans += scope.spans

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def roots(self) -> list[Span]:
        return [span for span in self.spans if span.kind == Span.SPAN_KIND_SERVER]

    def stages(self, root: Span) -> list[Span]:
        """The spans below a request's, as time goes."""
        below = [span for span in self.spans if span.parent_span_id == root.span_id]
        assert {span.trace_id for span in below} <= {root.trace_id}
        return sorted(below, key=lambda span: (span.start_time_unix_nano, span.end_time_unix_nano))


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.address)
    yield made
    made.stop()


@asynccontextmanager
async def traced(folder: Path, door: str = "protocol", **knobs: Any) -> AsyncIterator[Running]:
    """What waits is sent when the service stops."""
    async with running(folder, door, tracing=True, **knobs) as served:
        yield served


async def ask(served: Running, raw: bytes) -> tuple[int, dict[str, str]]:
    client = await served.connect()
    await client.send(raw)
    status, headers, _ = await client.answer()
    return status, headers


def about(span: Span) -> dict[str, Any]:
    found = {}
    for pair in span.attributes:
        kind = pair.value.WhichOneof("value")
        assert kind is not None
        found[pair.key] = getattr(pair.value, kind)
    return found


@pytest.mark.parametrize("door", ["protocol", "asgi"])
async def test_a_request_is_a_span_in_its_callers_trace(door: str, tmp_path: Path, collector: Collector) -> None:
    """With a span for each stage, one after the other, and the attributes of the conventions."""
    async with traced(tmp_path, door) as served:
        raw = with_line(with_line(request([[1, 2], [3, 4]]), SAMPLED), "tracestate: vendor=1")
        for _ in range(2):  # the head is new, then known
            status, headers = await ask(served, raw)
            assert (status, headers["x-request-id"]) == (200, TRACE)
    assert len(collector.roots) == 2
    for root in collector.roots:
        assert (root.trace_id.hex(), root.parent_span_id.hex(), root.name) == (TRACE, PARENT, "POST /predict")
        assert root.trace_state == "vendor=1"
        assert root.status.code == 0
        said = about(root)
        expected = {
            "http.request.method": "POST",
            "http.route": "/predict",
            "url.path": "/predict",
            "url.scheme": "http",
            "http.response.status_code": 200,
            "slipway.model": "tiny",
            "slipway.version": 1,
            "slipway.rows": 2,
            "slipway.protocol": "predict",
            "slipway.request_id": TRACE,
        }
        assert expected.items() <= said.items()
        stages = collector.stages(root)
        assert [stage.name for stage in stages] == STAGES
        assert stages[0].start_time_unix_nano == root.start_time_unix_nano
        assert stages[-1].end_time_unix_nano == root.end_time_unix_nano
        for before, after in itertools.pairwise(stages):
            assert before.start_time_unix_nano <= before.end_time_unix_nano == after.start_time_unix_nano
    assert len({span.span_id for span in collector.spans}) == len(collector.spans) == 10
    assert (collector.resource["service.name"], collector.resource["telemetry.sdk.language"]) == ("slipway", "python")


async def test_a_request_without_a_trace_begins_one(tmp_path: Path, collector: Collector) -> None:
    """Its id is that of the trace, unless it brings one."""
    async with traced(tmp_path) as served:
        ids = [(await ask(served, raw))[1]["x-request-id"] for raw in (GOOD, GOOD, with_line(GOOD, "x-request-id: me"))]
    assert [root.trace_id.hex() for root in collector.roots][:2] == ids[:2]
    assert len({root.trace_id for root in collector.roots}) == 3
    assert not any(root.parent_span_id for root in collector.roots)
    assert about(collector.roots[2])["slipway.request_id"] == ids[2] == "me"


async def test_what_the_caller_does_not_sample_is_not_traced(tmp_path: Path, collector: Collector) -> None:
    async with traced(tmp_path) as served:
        status, headers = await ask(served, with_line(GOOD, SAMPLED[:-1] + "0"))
        assert (status, headers["x-request-id"]) == (200, TRACE)
    assert collector.spans == []


async def test_the_sampler_is_that_of_the_standard(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.3")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    async with traced(tmp_path) as served:
        client = await served.connect()
        ids = []
        for _ in range(100):
            await client.send(GOOD)
            ids.append((await client.answer())[1].get("x-request-id"))
        await ask(served, with_line(GOOD, SAMPLED))
    found = [root.trace_id.hex() for root in collector.roots]
    assert found == [*[each for each in ids if each], TRACE]
    assert 10 < len(found) < 60
    assert collector.resource["service.name"] == "mine"


async def test_only_faults_of_the_service_are_errors(tmp_path: Path, collector: Collector) -> None:
    async with traced(tmp_path) as served:
        assert (await ask(served, BAD))[0] == 400
        run = served.model.batcher._run

        def fail(pieces: Any) -> Any:
            raise ValueError("on purpose")

        served.model.batcher._run = fail
        assert (await ask(served, GOOD))[0] == 500
        served.model.batcher._run = run
    refused, failed = collector.roots
    assert refused.status.code == 0
    assert about(refused)["http.response.status_code"] == 400
    assert collector.stages(refused) == []
    assert (failed.status.code, failed.status.message) == (2, "The model failed on this request.")
    assert about(failed)["error.type"] == "500"


@pytest.mark.parametrize(
    ("path", "route", "protocol"),
    [
        ("/v2/models/tiny/infer", "/v2/models/{name}/infer", "open-inference"),
        ("/v1/models/tiny/versions/1:predict", "/v1/models/{name}/versions/{version}:predict", "tensorflow-serving"),
    ],
)
async def test_the_standard_protocols_are_traced(
    path: str, route: str, protocol: str, tmp_path: Path, collector: Collector
) -> None:
    body = INFER if "v2" in path else b'{"instances":[[1,2]]}'
    async with traced(tmp_path, run_on="thread") as served:
        assert (await ask(served, post(path, body)))[0] == 200
    (root,) = collector.roots
    said = about(root)
    assert (root.name, said["http.route"], said["url.path"]) == (f"POST {route}", route, path)
    assert (said["slipway.protocol"], said["slipway.rows"]) == (protocol, 1)
    assert [stage.name for stage in collector.stages(root)] == STAGES


async def test_calls_of_grpc_are_traced(tmp_path: Path, collector: Collector) -> None:
    wire.write_models(tmp_path)
    app = serving.app_of(tmp_path, grpc_port=0, tracing=True)
    async with serving.running(app), grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}") as channel:
        stub: Any = GRPCInferenceServiceStub(channel)
        await stub.ModelInfer(one(), metadata=[("traceparent", SAMPLED.split()[1])])
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.ModelInfer(infer("gone", x()))
    good, gone = collector.roots
    method = "inference.GRPCInferenceService/ModelInfer"
    assert (good.name, good.trace_id.hex(), good.parent_span_id.hex()) == (method, TRACE, PARENT)
    expected = {"rpc.system.name": "grpc", "rpc.method": method, "rpc.response.status_code": "OK", "slipway.rows": 2}
    assert expected.items() <= about(good).items()
    assert [stage.name for stage in collector.stages(good)] == STAGES
    assert about(gone)["rpc.response.status_code"] == "NOT_FOUND"
    assert gone.status.code == 0


async def test_ordinary_routes_are_not_traced(tmp_path: Path, collector: Collector) -> None:
    async with traced(tmp_path) as served:
        raw = with_line(b"GET /models HTTP/1.1\r\nhost: x\r\n\r\n", SAMPLED)
        assert (await ask(served, raw))[1]["x-request-id"] == TRACE
    assert collector.spans == []


async def test_a_caller_that_leaves_has_its_span(tmp_path: Path, collector: Collector) -> None:
    async with traced(tmp_path, run_on="thread") as served:
        gate = threading.Event()
        run = served.model.batcher._run
        served.model.batcher._run = lambda pieces: run(pieces) if gate.wait(serving.PATIENCE_S) else []
        first, leaver = await served.connect(), await served.connect()
        await first.send(GOOD)
        await serving.until(lambda: bool(served.model.batcher._running))
        await leaver.send(with_line(GOOD, SAMPLED))
        await serving.until(lambda: served.model.batcher.queue.rows == 1)
        leaver.writer.close()
        await serving.until(lambda: served.model.batcher.queue.rows == 0)
        gate.set()
        await first.answer()
    left = next(root for root in collector.roots if root.trace_id.hex() == TRACE)
    assert about(left)["http.response.status_code"] == 499
    assert [stage.name for stage in collector.stages(left)] == ["decode", "queue"]


async def test_a_trace_is_the_exemplar_of_its_request(tmp_path: Path, collector: Collector) -> None:
    async with traced(tmp_path) as served:
        await ask(served, with_line(GOOD, SAMPLED))
        client = await served.connect()
        await client.send(b"GET /metrics HTTP/1.1\r\nhost: x\r\naccept: application/openmetrics-text\r\n\r\n")
        _, _, text = await client.answer()
    found = re.search(r'slipway_request_duration_seconds_bucket\{.*# \{trace_id="(\w+)"', text.decode())
    assert found is not None
    assert found[1] == TRACE


# ── a collector that is not well ──


@pytest.mark.parametrize("trouble", ["gone", "failing"])
async def test_a_collector_that_takes_nothing_delays_nothing(
    trouble: str, tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request is answered, the queue stays bounded, and the process ends."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "20")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    monkeypatch.setattr(tracing, "STOP_S", 0.1)
    collector.answer = 503
    if trouble == "gone":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    async with asyncio.timeout(serving.PATIENCE_S), traced(tmp_path) as served:
        client = await served.connect()
        for _ in range(200):
            await client.send(GOOD)
            assert (await client.answer())[0] == 200
    assert collector.spans == []
    for thread in threading.enumerate():  # the one left behind gives up by itself, and warns of it in no other test
        if thread.name == "last spans":
            thread.join(serving.PATIENCE_S)
            assert not thread.is_alive()


# ── what is refused, and what is off ──


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "expected otlp, console, none. Received: zipkin"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "expected http/protobuf. Received: grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "expected http/protobuf. Received: http/json"),
    ],
)
def test_what_cannot_be_done_is_said_at_the_start(name: str, value: str, said: str, models: Path) -> None:
    command = [sys.executable, "-m", "app", "--models", str(models), "--port", "0", "--tracing"]
    run = subprocess.run(command, cwd=serving.ROOT, capture_output=True, text=True, env={name: value}, check=False)
    assert run.returncode == 1
    assert f"`{name}`: {said}" in run.stderr
    assert "Traceback" not in run.stderr


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "NEEDS", ("nobody_has.this",))
    assert "pip install" in tracing.fault()
    with pytest.raises(RuntimeError, match="the extra `tracing` is not installed"):
        tracing.start("1")


@pytest.mark.parametrize(("name", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")])
def test_the_standard_may_switch_it_off(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert tracing.start("1") is None


def test_spans_may_go_to_the_console(models: Path, tmp_path: Path) -> None:
    with serving.process(models, tmp_path, "--tracing", OTEL_TRACES_EXPORTER="console") as it:
        import httpx

        httpx.post(f"{it.address}/predict", json={})
        it.stop()
        assert it.popen.stdout is not None
        said = it.said + it.popen.stdout.read().decode()
    span = json.JSONDecoder().raw_decode(said[said.index("\n{\n") :].strip())[0]
    assert span["attributes"]["http.response.status_code"] == 400


def test_nothing_is_imported_where_nothing_is_traced() -> None:
    """FastAPI imports the API by itself where it is installed; SDK and exporter are what costs."""
    script = (
        "import sys; from app.main import create_app; from app import server; create_app(); "
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=serving.ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
