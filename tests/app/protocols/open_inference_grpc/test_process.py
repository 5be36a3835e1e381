"""gRPC as a person and an orchestrator meet it: its port, its start, and how it stops."""

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc import StatusCode
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from app.protocols.open_inference_grpc.protos import open_inference_pb2 as pb
from app.protocols.open_inference_grpc.protos.open_inference_pb2_grpc import GRPCInferenceServiceStub
from app.server import grpc_port as rpc_port
from app.settings import Settings
from tests.app.protocols.open_inference_grpc.cases import infer
from tests.clients import models as graphs
from tests.support import serving
from tests.support.gated import GatedProcess

ASK = infer("twice", ("x", "FP32", [2, 3], [1, 2, 3, 4, 5, 6]), parameters={"timeout": 10**9})


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[GatedProcess]:
    """A process with a model whose runs can be held, each of one request."""
    graphs.write(tmp_path, "twice", graphs.fixed())
    with GatedProcess(tmp_path, tmp_path, "--grpc-port", "0", "--shutdown-timeout-s", "3600") as started:
        assert started.address
        yield started


@pytest.fixture
def process(models: Path, tmp_path: Path) -> Iterator[serving.Process]:
    with serving.process(models, tmp_path, "--grpc-port", "0") as started:
        yield started


def address_of(process: serving.Process) -> str:
    return process.wait_for(r"grpc://(\S+)")[1]


def ready(channel: grpc.Channel) -> bool:
    stub: Any = GRPCInferenceServiceStub(channel)
    return bool(stub.ServerReady(pb.ServerReadyRequest(), timeout=serving.PATIENCE_S, wait_for_ready=True).ready)


# ── stopping ──


def test_calls_under_way_are_answered_before_it_stops(gated: GatedProcess) -> None:
    """SIGTERM turns the health at once, new calls are refused, those before it are answered; then the code is 0."""
    with grpc.insecure_channel(address_of(gated)) as channel:
        stub: Any = GRPCInferenceServiceStub(channel)
        watch = HealthStub(channel).Watch(HealthCheckRequest())
        assert next(watch).status == HealthCheckResponse.SERVING
        gated.hold()
        calls = [stub.ModelInfer.future(ASK) for _ in range(4)]
        assert ready(channel)  # so that the four, which came before on this connection, are under way
        gated.popen.send_signal(signal.SIGTERM)
        assert next(watch).status == HealthCheckResponse.NOT_SERVING
        assert code_of(stub.ModelInfer.future(ASK)) == StatusCode.UNAVAILABLE
        assert not any(call.done() for call in calls)
        gated.let_go()
        assert [list(call.result(serving.PATIENCE_S).outputs[0].shape) for call in calls] == [[2, 3]] * 4
        assert gated.popen.wait(serving.PATIENCE_S) == 0
        assert "Traceback" not in gated.complaints()


def code_of(call: Any) -> StatusCode:
    with pytest.raises(grpc.RpcError):
        call.result(serving.PATIENCE_S)
    found = call.code()
    assert isinstance(found, StatusCode)
    return found


def test_what_takes_too_long_is_cancelled(tmp_path: Path) -> None:
    """After `shutdown_timeout_s` calls are given up although they run; the process ends with 0 when the run has."""
    graphs.write(tmp_path, "twice", graphs.fixed())
    with GatedProcess(tmp_path, tmp_path, "--grpc-port", "0", "--shutdown-timeout-s", "0") as process:
        with grpc.insecure_channel(address_of(process)) as channel:
            stub: Any = GRPCInferenceServiceStub(channel)
            process.hold()
            calls = [stub.ModelInfer.future(ASK) for _ in range(20)]
            assert ready(channel)
            process.popen.send_signal(signal.SIGTERM)
            assert {code_of(call) for call in calls} <= {StatusCode.CANCELLED, StatusCode.UNAVAILABLE}
            process.let_go()
            assert process.popen.wait(serving.PATIENCE_S) == 0
        assert "Traceback" not in process.complaints()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_process_stops(number: signal.Signals, process: serving.Process) -> None:
    """An open connection and a watcher notwithstanding."""
    with grpc.insecure_channel(address_of(process)) as channel:
        watch = HealthStub(channel).Watch(HealthCheckRequest())
        assert next(watch).status == HealthCheckResponse.SERVING
        assert process.stop(number) == 0
        assert [answer.status for answer in watch] == [HealthCheckResponse.NOT_SERVING]
    assert "Traceback" not in process.complaints()


def test_http_and_grpc_stop_together(process: serving.Process) -> None:
    """While a request over HTTP is not whole yet, and the process therefore lives, gRPC refuses new calls."""
    head = b"POST /v2/models/tiny/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", process.port), serving.PATIENCE_S) as half:
        half.sendall(head)
        assert httpx.get(f"{process.address}/health/live").status_code == 200  # so that the half was read before
        with grpc.insecure_channel(address_of(process)) as channel:
            watch = HealthStub(channel).Watch(HealthCheckRequest())
            assert next(watch).status == HealthCheckResponse.SERVING
            process.popen.send_signal(signal.SIGTERM)
            assert next(watch).status == HealthCheckResponse.NOT_SERVING
            live: Any = GRPCInferenceServiceStub(channel).ServerLive
            assert code_of(live.future(pb.ServerLiveRequest())) == StatusCode.UNAVAILABLE
            assert process.popen.poll() is None
        half.sendall(b"}")
        assert half.recv(100).startswith(b"HTTP/1.1 400 ")
    assert process.popen.wait(serving.PATIENCE_S) == 0


# ── starting ──


def test_it_says_where_it_answers(process: serving.Process) -> None:
    """Beside the address of HTTP."""
    host, port = address_of(process).rsplit(":", 1)
    assert (host, int(port) > 0) == ("127.0.0.1", True)
    assert int(port) != process.port
    assert process.said.index("grpc://") > process.said.index("http://")
    with grpc.insecure_channel(address_of(process)) as channel:
        assert ready(channel)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address(models: Path, tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving.process(models, tmp_path, "--grpc-port", "0", "--host", "::1") as process:
        address = address_of(process)
        assert address.startswith("[::1]:")
        with grpc.insecure_channel(address) as channel:
            assert ready(channel)


def test_workers_share_the_port(models: Path, tmp_path: Path) -> None:
    """Any free one, found once for all of them; every connection reaches a worker."""
    with serving.process(models, tmp_path, "--grpc-port", "0", "--workers", "2") as process:
        process.wait_for(r"(?s)(Try it.*){2}|(Slipway answers on.*){2}")
        ports = set(re.findall(r"grpc://127.0.0.1:(\d+)", process.said))
        assert len(ports) == 1
        for number in range(8):
            with grpc.insecure_channel(f"127.0.0.1:{next(iter(ports))}", [("connection", number)]) as channel:
                assert ready(channel)
        assert process.stop() == 0


@pytest.mark.parametrize("options", [{}, {socket.SO_REUSEPORT: 1}])
def test_a_port_that_is_taken_is_said_at_once(options: dict[int, int], models: Path, tmp_path: Path) -> None:
    """Before anything is loaded; also where whoever has it would share it."""
    with socket.socket() as taken:
        for option in options:
            taken.setsockopt(socket.SOL_SOCKET, option, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving.Process(models, tmp_path, "--grpc-port", str(port)) as process:
            assert process.popen.wait(serving.PATIENCE_S) == 1
            said = process.complaints()
    assert f"Cannot listen on 127.0.0.1:{port} for gRPC: Address already in use." in said
    assert "--grpc-port 8002" in said
    assert "Serving" not in said


def test_two_services_do_not_share_a_port(process: serving.Process, models: Path, tmp_path: Path) -> None:
    """Although workers do."""
    port = address_of(process).rpartition(":")[2]
    with serving.Process(models, tmp_path, "--grpc-port", port) as other:
        assert other.popen.wait(serving.PATIENCE_S) == 1
        assert f"127.0.0.1:{port} for gRPC: Address already in use." in other.complaints()


def test_the_port_of_http_is_taken_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="Cannot serve gRPC on the port of HTTP, 8123"):
        rpc_port.claim(Settings(port=8123, grpc_port=8123))


@pytest.mark.parametrize("missing", rpc_port.PACKAGES)
def test_without_the_extra_it_says_how_to_install_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit, match=r"the extra `grpc` is not installed.*requirements/grpc\.lock"):
        rpc_port.claim(Settings(grpc_port=0))


def test_without_a_port_there_is_nothing_to_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    settings = Settings()
    assert rpc_port.claim(settings) == (settings, None)


def test_the_extras_lock_is_the_serving_set_and_grpc() -> None:
    """The same versions, so that the extra changes nothing else."""
    serve, extra = (pinned(serving.ROOT / "requirements" / f"{name}.lock") for name in ("serve", "grpc"))
    assert serve < extra
    assert {line.partition("==")[0] for line in extra - serve} == {
        "grpcio",
        "grpcio-health-checking",
        "grpcio-reflection",
    }


def pinned(lock: Path) -> set[str]:
    return set(re.findall(r"^[a-z0-9._-]+==[^ ;]+", lock.read_text(), re.MULTILINE))


SERVE_AND_LIST = """
import asyncio, sys
import app.server.command
from pathlib import Path
from tests.support import serving
from tests.support.gated import GatedProcess
async def serve():
    async with serving.running(serving.app_of(Path(sys.argv[1]))) as client:
        assert (await client.get("/health/ready")).status_code == 200
asyncio.run(serve())
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_without_a_port_nothing_of_grpc_is_imported(models: Path) -> None:
    """Neither by the imports nor by serving: who does not use it does not pay."""
    command = [sys.executable, "-c", SERVE_AND_LIST, str(models)]
    said = subprocess.run(
        command, cwd=serving.ROOT, capture_output=True, text=True, check=True, timeout=serving.PATIENCE_S
    )
    loaded = set(said.stdout.split())
    assert "onnxruntime" in loaded
    assert not loaded & {"grpc", "grpc_health", "grpc_reflection", "google"}


def test_a_client_that_vanishes_does_no_harm(process: serving.Process) -> None:
    """Garbage on the socket, half a preface, a reset: the next one is answered."""
    host, port = address_of(process).rsplit(":", 1)
    for junk in (b"", b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes(range(256)) * 10):
        with socket.create_connection((host, int(port)), serving.PATIENCE_S) as half:
            half.sendall(junk)
    threads = [threading.Thread(target=_ask, args=(f"{host}:{port}",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(serving.PATIENCE_S)
    assert "Traceback" not in process.complaints()


def _ask(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        assert ready(channel)
