"""Connections that are closed by the name that gRPC has for their peer."""

import socket

import pytest

from app.protocols.open_inference_grpc.connections import close_connections


@pytest.mark.parametrize(
    ("family", "host", "named"),
    [
        (socket.AF_INET, "127.0.0.1", "ipv4:127.0.0.1"),
        (socket.AF_INET6, "::1", "ipv6:%5B::1%5D"),
        (socket.AF_INET6, "::ffff:127.0.0.1", "ipv4:127.0.0.1"),
    ],
)
def test_only_the_named_one_is_closed(family: socket.AddressFamily, host: str, named: str) -> None:
    """Its peer sees the end; the other one goes on."""
    try:
        listening = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listening, socket.socket(family) as first, socket.socket(family) as second:
        for client in (first, second):
            client.connect(listening.getsockname())
            client.settimeout(10)
        kept = [listening.accept()[0] for _ in range(2)]
        close_connections({f"{named}:{first.getsockname()[1]}"})
        assert first.recv(1) == b""
        kept[1].sendall(b"!")
        assert second.recv(1) == b"!"
        for each in kept:
            each.close()
