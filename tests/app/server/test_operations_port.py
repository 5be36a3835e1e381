"""Operators have a port of their own, if asked: what is where, by whom, and until when."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import trustme

from tests.app.bad_requests import GOOD, JSON, body_of
from tests.app.server.test_uvicorn_server import until_refused
from tests.app.server.test_workers import workers_of
from tests.support import serving

ANSWERED = re.compile(r'^slipway_requests_total\{.*code="200".*\} (\S+)$', re.MULTILINE)


def operations_of(process: serving.Process) -> str:
    """The address of the operations port."""
    return process.wait_for(r"to operators .* on (https?://\S+)")[1]


def predict(address: str) -> int:
    return httpx.post(f"{address}/predict", content=body_of(GOOD), headers=JSON).status_code


@pytest.mark.parametrize("door", ["protocol", "asgi"])
def test_what_is_where(door: str, models: Path, tmp_path: Path) -> None:
    """Metrics and verbs on one port, predictions on the other, health and models on both; gRPC beside them."""
    keys = str(serving.operators(tmp_path))
    options = ("--operations-port", "0", "--admin-keys-file", keys, "--grpc-port", "0", "--door", door)
    with serving.process(models, tmp_path, *options) as process:
        main, operations = process.address, operations_of(process)
        assert len({main, operations, process.wait_for(r"grpc://(\S+)")[1]}) == 3
        found = {
            path: tuple(httpx.get(f"{at}{path}", headers=serving.OPERATOR).status_code for at in (main, operations))
            for path in ("/metrics", "/admin/models", "/health", "/health/live", "/models", "/models/tiny", "/docs")
        }
        assert found == {
            "/metrics": (404, 200),
            "/admin/models": (404, 200),
            "/health": (200, 200),
            "/health/live": (200, 200),
            "/models": (200, 200),
            "/models/tiny": (200, 200),
            "/docs": (200, 404),
        }
        assert (predict(main), predict(operations)) == (200, 404)
        assert httpx.get(f"{operations}/admin/models").status_code == 401
        assert httpx.post(f"{operations}/admin/reload", headers=serving.OPERATOR).status_code == 200
        assert httpx.get(f"{main}/metrics").json() == {
            "error": "Unknown path: expected one of those that this port answers. Received: `/metrics`."
        }
        described = httpx.get(f"{main}/openapi.json").json()["paths"]
        assert "/predict" in described
        assert not [path for path in described if path.startswith(("/metrics", "/admin"))]
        assert process.stop() == 0
        assert "Traceback" not in process.complaints()


def test_without_it_everything_is_on_one_port(models: Path, tmp_path: Path) -> None:
    with serving.process(models, tmp_path) as process:
        assert httpx.get(f"{process.address}/metrics").status_code == 200
        assert "operators" not in process.said


def test_it_answers_until_the_end(models: Path, tmp_path: Path) -> None:
    """While the process drains, and while a request that was accepted is not whole and nobody else is let in."""
    body = body_of(GOOD)
    head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    options = ("--operations-port", "0", "--drain-delay-s", "1")
    with serving.process(models, tmp_path, *options) as process:
        operations = operations_of(process)
        with socket.create_connection(("127.0.0.1", process.port), serving.PATIENCE_S) as half:
            half.sendall(head + body[:10])
            assert httpx.get(f"{operations}/health/ready").status_code == 200
            process.popen.send_signal(signal.SIGTERM)
            while httpx.get(f"{operations}/health/ready").status_code == 200:
                pass
            until_refused(process.port)
            assert httpx.get(f"{operations}/health/live").status_code == 200
            assert httpx.get(f"{operations}/health/ready").status_code == 503
            assert "slipway_draining 1.0" in httpx.get(f"{operations}/metrics").text
            half.sendall(body[10:])
            assert half.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert process.popen.wait(serving.PATIENCE_S) == 0


def test_workers_share_it(models: Path, tmp_path: Path) -> None:
    """One scrape counts for all, whoever answers it; and so it is when one of them has been replaced."""
    with serving.process(models, tmp_path, "--operations-port", "0", "--workers", "2") as pair:
        operations = operations_of(pair)
        assert [predict(pair.address) for _ in range(8)] == [200] * 8
        wait_for_counted(operations, 8)
        first, *_ = workers_of(pair)
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + serving.PATIENCE_S
        while first in workers_of(pair) or len(workers_of(pair)) < 2:
            assert time.monotonic() < deadline
            assert httpx.get(f"{operations}/health/live").status_code == 200
        assert predict(pair.address) == 200
        wait_for_counted(operations, 9)
        assert pair.stop() == 0


def wait_for_counted(operations: str, wanted: int) -> None:
    deadline = time.monotonic() + serving.PATIENCE_S
    while sum(float(value) for value in ANSWERED.findall(httpx.get(f"{operations}/metrics").text)) != wanted:
        assert time.monotonic() < deadline


def test_with_tls_it_has_the_same_certificate_and_asks_for_none(models: Path, tmp_path: Path) -> None:
    """A probe has no certificate, and an operator's key must not travel in the clear."""
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server.private_key_pem.write_to_path(tmp_path / "key.pem")
    server.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    names = {"certificate": "certificate.pem", "key": "key.pem", "client-ca": "ca.pem"}
    options = [text for name, file in names.items() for text in (f"--tls-{name}", str(tmp_path / file))]
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with serving.Process(models, tmp_path, "--operations-port", "0", *options) as process:
        main, operations = process.wait_for(r"answers on (https://\S+) ")[1], operations_of(process)
        assert operations.startswith("https://")
        assert httpx.get(f"{operations}/health/ready", verify=trust).status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{main}/health/ready", verify=trust)
        with pytest.raises(httpx.HTTPError):
            httpx.get(operations.replace("https", "http") + "/health/ready")
        assert process.stop() == 0


def test_a_port_that_cannot_be_had_is_said_at_once(models: Path) -> None:
    """The main one, or one that is taken; with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for main, says in (
            ("0", "Cannot listen on 127.0.0.1"),
            (str(port), "Cannot serve operations on the main port"),
        ):
            if main != "0":
                taken.close()
            command = [sys.executable, "-m", "app", "--models", str(models), "--port", main]
            done = subprocess.run(
                [*command, "--operations-port", str(port)],
                capture_output=True,
                text=True,
                timeout=serving.PATIENCE_S,
                cwd=serving.ROOT,
                check=False,
            )
            assert (done.returncode, says in done.stderr) == (1, True), done.stderr
            assert "--operations-port 9090" in done.stderr
