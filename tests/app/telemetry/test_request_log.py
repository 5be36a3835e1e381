"""Which requests have a line in the log, what stands in it, and what never does."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from app.http.request_ids import Identity
from app.main import Slipway
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from app.telemetry.log_format import Json, Text
from app.telemetry.request_log import FAULTS_PER_S, REFUSALS_PER_S, RequestLog, fields_of
from app.telemetry.request_record import Record
from tests.app.protocols.open_inference import cases as wire
from tests.app.protocols.open_inference_grpc.cases import infer, one, x
from tests.app.telemetry.test_request_ids import GOOD, INFER, post, with_line
from tests.support import serving
from tests.support.wire import Running, request, running

SECRET = "hunter2-in-the-clear"
KEY = "a-key-that-nobody-may-read"


class Lines:
    """The lines of requests that a test made."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        self._caplog = caplog

    @property
    def fields(self) -> list[dict[str, Any]]:
        records: list[Any] = [each for each in self._caplog.records if each.name == "slipway.requests"]
        return [record.fields for record in records]

    @property
    def everything(self) -> str:
        """All that the service would write, in both forms, of whatever logger."""
        forms = (Json(), Text())
        return "\n".join([form.format(each) for each in self._caplog.records for form in forms])


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    return Lines(caplog)


async def answered(served: Running, raw: bytes) -> tuple[int, dict[str, str]]:
    client = await served.connect()
    await client.send(raw)
    status, headers, _ = await client.answer()
    return status, headers


# ── which ──


@pytest.mark.parametrize("door", ["protocol", "asgi"])
async def test_good_answers_have_lines_if_asked(door: str, tmp_path: Path, lines: Lines) -> None:
    async with running(tmp_path, door, log_requests=1) as served:
        client = await served.connect()
        ids = []
        for number in range(3):
            await client.send(GOOD if number else with_line(GOOD, "x-request-id: mine"))
            ids.append((await client.answer())[1]["x-request-id"])
    assert [line["request_id"] for line in lines.fields] == ids
    assert ids[0] == "mine"
    assert len(set(ids)) == 3


@pytest.mark.parametrize("door", ["protocol", "asgi"])
async def test_good_answers_have_none_otherwise(door: str, tmp_path: Path, lines: Lines) -> None:
    async with running(tmp_path, door) as served:
        assert "x-request-id" not in (await answered(served, GOOD))[1]
        assert (await answered(served, with_line(GOOD, "x-request-id: mine")))[1]["x-request-id"] == "mine"
    assert lines.fields == []


async def test_a_share_is_drawn(tmp_path: Path, lines: Lines) -> None:
    """An id is made for those that are drawn, and for no other."""
    async with running(tmp_path, log_requests=0.5) as served:
        client = await served.connect()
        ids = []
        for _ in range(200):
            await client.send(GOOD)
            ids.append((await client.answer())[1].get("x-request-id"))
    assert 50 < len(lines.fields) < 150
    assert [line["request_id"] for line in lines.fields] == [each for each in ids if each]


async def test_probes_and_scrapes_that_go_well_have_none(tmp_path: Path, lines: Lines) -> None:
    async with running(tmp_path, log_requests=1) as served:
        for path in ("/health/live", "/health", "/metrics", "/v2/health/live", "/models"):
            assert (await answered(served, f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode()))[0] == 200
    assert [line["route"] for line in lines.fields] == ["/models"]


def test_a_flood_of_refusals_is_no_flood_of_lines() -> None:
    """Nor does it hide an error of another status; what was left out is told."""
    log = RequestLog(0)
    wanted = [log.wants(429) for _ in range(10_000)]
    assert sum(wanted) <= 2 * REFUSALS_PER_S
    assert log.wants(400)
    assert log.wants(500)
    assert log._gap(429) == {"left_out": 10_000 - sum(wanted)}
    assert log._gap(429) == {}


def test_a_version_that_is_not_spoken_is_the_caller_s_fault() -> None:
    """A stranger must not raise the count of errors."""
    log = RequestLog(0)
    assert sum([log.wants(505) for _ in range(100)]) < 20


def test_faults_of_the_service_always_have_a_line() -> None:
    """Up to what a second may hold of them."""
    log = RequestLog(0)
    assert all(log.wants(503) for _ in range(int(FAULTS_PER_S)))


# ── what ──


async def test_the_fields_of_a_good_answer(tmp_path: Path, lines: Lines) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"night-shift:{KEY}\n")
    async with running(tmp_path, log_requests=1, api_keys_file=keys) as served:
        raw = request([[1, 2], [3, 4]], f"authorization: Bearer {KEY}")
        status, _ = await answered(served, raw)
        assert status == 200
        raw = post("/v2/models/tiny/versions/1/infer", INFER, f"x-api-key: {KEY}")
        status, _ = await answered(served, raw)
        assert status == 200
    first, second = lines.fields
    assert first["method"] == "POST"
    assert (first["route"], first["protocol"], first["status"]) == ("/predict", "predict", 200)
    assert (first["model"], first["version"], first["rows"], first["who"]) == ("tiny", 1, 2, "night-shift")
    assert first["bytes_in"] == len(raw_body(request([[1, 2], [3, 4]])))
    assert first["bytes_out"] > 10
    stages = [first[f"{stage}_ms"] for stage in ("decode", "queue", "run", "encode")]
    assert all(ms >= 0 for ms in stages)
    assert sum(stages) == pytest.approx(first["duration_ms"], abs=0.01)
    assert (second["route"], second["rows"]) == ("/v2/models/{name}/versions/{version}/infer", 1)
    assert KEY not in lines.everything


def raw_body(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[2]


async def test_the_fields_of_a_refusal(tmp_path: Path, lines: Lines) -> None:
    """What was wrong is told, what was received is not."""
    async with running(tmp_path) as served:
        assert (await answered(served, request([[1, 2, 3]])))[0] == 400
        assert (await answered(served, post("/predict", b" " * 17 * 2**20)))[0] == 413
        assert (await answered(served, b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n"))[0] == 404
        assert (await answered(served, b"nonsense\r\n\r\n"))[0] == 400
    refused, large, nowhere, nonsense = lines.fields
    assert refused["error"] == "Invalid `instances[0]`: expected an array of 2 elements."
    assert (refused["model"], refused["status"]) == ("tiny", 400)
    assert "rows" not in refused
    assert (large["status"], large["route"]) == (413, "/predict")
    assert "route" not in nowhere
    assert nonsense["error"]
    assert all(len(line["request_id"]) == 32 for line in lines.fields)


async def test_a_fault_of_the_service_is_told_with_its_request(tmp_path: Path, lines: Lines) -> None:
    async with running(tmp_path) as served:

        def fail(pieces: Any) -> Any:
            raise ValueError(f"on purpose, {SECRET}")

        served.model.batcher._run = fail
        status, headers = await answered(served, request([[1, 2]]))
        assert status == 500
    (line,) = lines.fields
    assert line["request_id"] == headers["x-request-id"]
    assert (line["status"], line["model"], line["rows"]) == (500, "tiny", 1)
    assert line["error"] == "The model failed on this request."
    assert line["run_ms"] >= 0


async def test_a_call_of_grpc_has_its_line(tmp_path: Path, lines: Lines) -> None:
    wire.write_models(tmp_path)
    app = serving.app_of(tmp_path, grpc_port=0, log_requests=1)
    async with calling(app) as stub:
        await stub.ModelInfer(one(), metadata=[("x-request-id", "mine")])
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.ModelInfer(infer("gone", x()))
    good, bad = lines.fields
    assert (good["route"], good["protocol"]) == ("inference.GRPCInferenceService/ModelInfer", "grpc")
    assert (good["request_id"], good["code"], good["status"], good["rows"]) == ("mine", "OK", 200, 2)
    assert {"decode_ms", "queue_ms", "run_ms", "encode_ms", "duration_ms"} <= set(good)
    assert (bad["code"], bad["status"]) == ("NOT_FOUND", 404)


async def test_the_name_of_a_key_stands_in_every_line(tmp_path: Path, lines: Lines) -> None:
    """Of ordinary routes too, whether they answer or refuse."""
    keys = tmp_path / "keys"
    keys.write_text("night-shift:a-callers-key-of-enough-length\n")
    head = b"host: x\r\nx-api-key: a-callers-key-of-enough-length\r\n\r\n"
    async with running(tmp_path, api_keys_file=keys, log_requests=1) as served:
        for line in (b"GET /models", b"GET /models/none", b"PUT /models"):
            await answered(served, line + b" HTTP/1.1\r\n" + head)
    assert [(line["status"], line.get("who")) for line in lines.fields] == [
        (200, "night-shift"),
        (404, "night-shift"),
        (405, "night-shift"),
    ]


@asynccontextmanager
async def calling(app: Slipway) -> AsyncIterator[Any]:
    async with serving.running(app), grpc.aio.insecure_channel(f"127.0.0.1:{app.state.rpc.port}") as channel:
        yield GRPCInferenceServiceStub(channel)


# ── what never ──


@pytest.mark.parametrize("door", ["protocol", "asgi"])
async def test_neither_keys_nor_payloads_are_ever_logged(door: str, tmp_path: Path, lines: Lines) -> None:
    """Whatever place they are in, and whether the request is good, refused, or finds a bug."""
    keys, operators = tmp_path / "keys", tmp_path / "operators"
    keys.write_text(f"me:{KEY}\n")
    operators.write_text(f"op:{KEY}\n")
    key = f"x-api-key: {KEY}"
    own: Any = {"access_log": False}  # as `app.server.uvicorn_server` has it
    async with running(tmp_path, door, own, log_requests=1, api_keys_file=keys, admin_keys_file=operators) as served:
        body = json.dumps({"instances": [[SECRET, 2]]}).encode()
        raws = [
            post("/predict", body, key),
            post("/predict", body, f"x-api-key: {SECRET}-but-long-enough"),
            post("/predict", json.dumps({"instances": [{SECRET: 1}]}).encode(), key),
            post("/predict", json.dumps({SECRET: 1}).encode(), key),
            post("/predict", f'{{"instances": [[{SECRET}'.encode(), key),
            post(f"/predict?model={SECRET}", body, key),
            post(f"/predict?{SECRET}=1", body, key),
            post("/predict", body, key, f"content-type: {SECRET}"),
            post("/predict", body, key, f"content-encoding: {SECRET}"),
            post("/predict", body, key, f"x-request-timeout-ms: {SECRET}"),
            post("/predict", body, key, f"x-request-id: {SECRET} {SECRET}"),
            post("/predict", body, key, f"traceparent: {SECRET}"),
            post("/predict", body, f"cookie: {SECRET}", f"user-agent: {SECRET}", key),
            post(f"/v1/models/{SECRET}:predict", body, key),
            post(f"/v1/models/tiny/labels/{SECRET}:predict", body, key),
            post("/v1/models/tiny:predict", body, key),
            post("/v1/models/tiny:predict", json.dumps({"inputs": {SECRET: [1]}}).encode(), key),
            post("/v1/models/tiny:classify", json.dumps({"examples": [{SECRET: SECRET}]}).encode(), key),
            post(f"/v2/models/{SECRET}/infer", INFER, key),
            post("/v2/models/tiny/infer", INFER.replace(b"numeric", SECRET.encode()), key),
            post("/v2/models/tiny/infer", INFER.replace(b"[1,2]}", b'["%b",2]}' % SECRET.encode()), key),
            post("/v2/models/tiny/infer", INFER.replace(b"FP32", SECRET.encode()), key),
            post(f"/v2/models/tiny/{SECRET}", b"{}", key),
            post(f"/admin/models/{SECRET}/load", b"", key),
            post(f"/admin/models/tiny/load?version={SECRET}", b"", key),
            post(f"/models/{SECRET}", b"", key),
            *[
                f"GET {path} HTTP/1.1\r\nhost: x\r\n{key}\r\n\r\n".encode()
                for path in (f"/{SECRET}", f"/models/{SECRET}", f"/models?{SECRET}", f"/v1/models/{SECRET}")
            ],
            f"{SECRET} / HTTP/1.1\r\nhost: x\r\n\r\n".encode(),
            f"POST /predict HTTP/1.1\r\nhost: x\r\n{SECRET}\r\n\r\n".encode(),
        ]
        statuses = {(await answered(served, raw))[0] for raw in raws}

        def bug(body: bytes) -> Any:
            raise KeyError(body)

        served.model.reader.decode = bug  # type: ignore[method-assign, union-attr]
        assert (await answered(served, post("/predict", body, key)))[0] == 500
    assert {400, 401, 404, 405, 415} <= statuses
    assert len(lines.fields) >= 15
    assert "/admin/models/{name}/load" in lines.everything
    assert SECRET not in lines.everything
    assert KEY not in lines.everything


def test_what_is_not_known_has_no_field() -> None:
    assert fields_of(Record(Identity("mine"), 404)) == {"request_id": "mine", "method": "POST", "status": 404}
