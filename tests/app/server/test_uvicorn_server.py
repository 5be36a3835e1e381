"""The process as a person and an orchestrator meet it: what it prints, and how it stops."""

import asyncio
import contextlib
import json
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvloop

from app.runtime.model import load
from app.server.uvicorn_server import ACCEPTORS, _several, _trial
from app.settings import Settings
from tests.app.bad_requests import GOOD, body_of
from tests.app.test_printable import is_safe
from tests.support import serving, tiny


def test_what_it_prints_works_when_pasted(process: serving.Process) -> None:
    """The address, and a curl line that gets a prediction."""
    line = process.wait_for(r"(?m)^curl .+$")[0]
    assert f"documentation: {process.address}/docs" in process.said
    curl = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=serving.PATIENCE_S, check=True)
    answer = json.loads(curl.stdout)
    assert (answer["model"], len(answer["predictions"])) == ("tiny", 1)


def test_the_curl_line_of_hard_names(tmp_path: Path) -> None:
    """Quotes, percent signs and other alphabets survive the shell; several models are told apart."""
    tiny.write(tmp_path, tiny.Tiny(name="a"))
    tiny.write(tmp_path, tiny.Tiny(name="b", numbers=("it's", "50% $HOME `x`", "größe"), optional=()))
    with serving.process(tmp_path, tmp_path) as process:
        line = process.wait_for(r"(?m)^curl .+$")[0]
        curl = subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, timeout=serving.PATIENCE_S, check=True
        )
        assert json.loads(curl.stdout)["model"] == "b"


def test_every_route_answers_on_the_socket(http: httpx.Client) -> None:
    """Through the real server as in the tests without one."""
    for path in ("/health", "/health/live", "/health/ready", "/health/startup", "/metrics", "/models", "/docs"):
        assert http.get(path).status_code == 200, path
    assert "server" not in http.get("/health").headers


def test_telemetry_is_off_in_the_process() -> None:
    """ONNX Runtime reports to nobody: the variable was there before it was imported."""
    code = "import app.server.command, os, sys; assert 'onnxruntime' in sys.modules; "
    code += "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {"PATH": "/usr/bin:/bin"}
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        cwd=serving.ROOT,
        timeout=serving.PATIENCE_S,
        check=True,
    )
    assert said.stdout.strip() == "1"


# ── stopping ──


@pytest.fixture(params=["protocol", "asgi"])
def stoppable(request: pytest.FixtureRequest, models: Path, tmp_path: Path) -> Iterator[serving.Process]:
    """A process that the test may stop, through each door."""
    with serving.process(models, tmp_path, "--door", request.param) as started:
        yield started


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_process_stops(number: signal.Signals, models: Path, tmp_path: Path) -> None:
    """With code 0, an open idle connection notwithstanding."""
    with serving.process(models, tmp_path) as process, httpx.Client(base_url=process.address) as client:
        assert client.get("/health/ready").status_code == 200
        assert process.stop(number) == 0
        assert "Traceback" not in process.complaints()


def test_a_request_under_way_is_answered_before_it_stops(stoppable: serving.Process) -> None:
    """SIGTERM shuts the door, and the request whose body is half here is still answered 200; then the code is 0."""
    body = body_of(GOOD)
    head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stoppable.port), serving.PATIENCE_S) as half:
        half.sendall(head.encode() + body[:10])
        assert httpx.get(f"{stoppable.address}/health/live").status_code == 200  # so that the half was read before
        stoppable.popen.send_signal(signal.SIGTERM)
        until_refused(stoppable.port)
        half.sendall(body[10:])
        answer = b""
        while piece := half.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"predictions":[{' in answer
    assert stoppable.popen.wait(serving.PATIENCE_S) == 0


def until_refused(port: int) -> None:
    """Ask until nobody listens any more."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), serving.PATIENCE_S).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue


def test_stopping_before_the_models_are_loaded(models: Path, tmp_path: Path) -> None:
    """A signal at any moment of the start ends it with 0: PID 1 must not ignore it."""
    with serving.Process(models, tmp_path) as process:
        while not process.complaints():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(0.01)
        assert process.stop() == 0


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_is_printed_as_a_url(models: Path, tmp_path: Path) -> None:
    """With brackets, so that it can be pasted."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving.process(models, tmp_path, "--host", "::1") as process:
        assert process.address.startswith("http://[::1]:")
        assert httpx.get(f"{process.address}/health/ready").status_code == 200


def test_a_turn_of_the_loop_takes_several_connections() -> None:
    """libuv takes one from each descriptor: a probe must not wait behind thousands that came before it."""
    taken: list[asyncio.BaseTransport] = []

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            taken.append(transport)

    async def turn() -> int:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Accepted, sock=each) for each in _several(sock)]
        with contextlib.ExitStack() as callers:
            for _ in range(2 * ACCEPTORS):
                callers.enter_context(socket.create_connection(sock.getsockname()))
            await asyncio.sleep(0)  # it looks at its sockets once
            await asyncio.sleep(0)
            count = len(taken)
        for server in servers:
            server.close()
        for transport in taken:
            transport.abort()  # type: ignore[attr-defined]
        return count

    with socket.create_server(("127.0.0.1", 0)) as sock:
        assert ACCEPTORS <= uvloop.run(turn()) < 2 * ACCEPTORS


# ── what is printed at the start ──


def test_a_trial_is_escaped_and_means_the_same(tmp_path: Path) -> None:
    """It is to be pasted, so that it cannot be cut; a row that is too long for it is left out."""
    hostile = "x\x9b2J\u202e'"
    settings = Settings(models=tmp_path)
    model = load(tiny.write(tmp_path, tiny.Tiny(numbers=("age", hostile))), settings)
    line = _trial("http://localhost", [model])
    assert is_safe(line)
    assert json.loads(shlex.split(line)[-1]) == model.example
    assert model.example is not None
    model.example["instances"][0][hostile] = "x" * 10**6
    assert len(_trial("http://localhost", [model])) < 1000
