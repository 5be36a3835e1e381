"""`::` is every address of both families, on each port; where the kernel has no IPv6 it is every one of IPv4."""

import errno
import socket
from pathlib import Path
from typing import Any

import pytest

from app.server.grpc_port import available, bound
from tests.support import serving


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def answers(host: str, port: int) -> bytes:
    with socket.create_connection((host, port), timeout=serving.PATIENCE_S) as sock:
        sock.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return sock.recv(12)


def test_a_process_answers_both_families_on_every_port(models: Path, tmp_path: Path) -> None:
    """The main port, that of operators and gRPC's."""
    options = ["--host", "::", "--operations-port", "0", "--grpc-port", "0"]
    with serving.process(models, tmp_path, *options) as process:
        operations = int(process.wait_for(r"to operators .* on http://\S+:(\d+)")[1])
        rpc = int(process.wait_for(r"over gRPC on grpc://\S+:(\d+)")[1])
        for host in ["127.0.0.1", *(["::1"] if has_ipv6() else [])]:
            assert {answers(host, port) for port in (process.port, operations)} == {b"HTTP/1.1 200"}
            socket.create_connection((host, rpc), timeout=serving.PATIENCE_S).close()


def test_without_ipv6_it_is_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a kernel says that it has not got it; other addresses stay what they are."""
    real = socket.socket

    def without(family: int = socket.AF_INET, *args: Any, **options: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, *args, **options)

    monkeypatch.setattr(socket, "socket", without)
    assert [available(host) for host in ("::", "::1", "127.0.0.1")] == ["0.0.0.0", "::1", "127.0.0.1"]


@pytest.mark.skipif(not has_ipv6(), reason="this kernel has no IPv6")
def test_both_families_whatever_the_system_says() -> None:
    with bound("::", 0) as sock:
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0
        assert available("::") == "::"
