"""The port of gRPC, before anything is loaded: what is missing or taken should be said at once.

gRPC binds by itself, in each worker, and shares the port by SO_REUSEPORT. A socket that is bound and never listens
holds the number meanwhile, and takes no connection. It knows nothing of gRPC itself, so that it costs no import.
"""

import socket
import sys

from app.settings import Settings
from app.telemetry.tracing import installed

EVERY_ADDRESS = "::"  # of both families
PACKAGES = ("grpc", "grpc_health", "grpc_reflection", "google.protobuf")
HOW_TO_INSTALL = (
    "Cannot serve gRPC: the extra `grpc` is not installed. Install it: "
    "python -m pip install --require-hashes -r requirements/grpc.lock (or `pip install '.[grpc]'`); "
    "or leave out --grpc-port."
)


def claim(settings: Settings) -> tuple[Settings, socket.socket | None]:
    """Return settings whose `grpc_port` is a port that is free, and a socket that holds it while it is open.

    Without `grpc_port` nothing happens. When gRPC cannot be served, the process ends and says why.
    """
    port = settings.grpc_port
    if port is None:
        return settings, None
    if not installed(PACKAGES):
        sys.exit(HOW_TO_INSTALL)
    if port and port == settings.port:
        sys.exit(f"Cannot serve gRPC on the port of HTTP, {port}. Choose another: --grpc-port {port % 65535 + 1}")
    try:
        held = _hold(settings.host, port)
    except OSError as error:
        where = f"{settings.host}:{port} for gRPC"
        sys.exit(f"Cannot listen on {where}: {error.strerror}. Choose another port: --grpc-port 8002")
    return settings.model_copy(update={"grpc_port": held.getsockname()[1]}), held


def _hold(host: str, port: int) -> socket.socket:
    """Bind alone first: a port that somebody else shares is taken, although sharing it would succeed."""
    with bound(host, port) as alone:
        port = alone.getsockname()[1]
    return bound(host, port, shared=True)


def available(host: str) -> str:
    """Return where to listen: `host`, or every address of IPv4 where it means both families and one is missing."""
    if host != EVERY_ADDRESS:
        return host
    try:
        bound(host, 0).close()
    except OSError:  # a kernel without IPv6
        return "0.0.0.0"  # noqa: S104 - as it was asked
    return host


def bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket that is bound, and `shared` with others or alone; raises `OSError`."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if host == EVERY_ADDRESS:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # whatever the system's default
        option = socket.SO_REUSEPORT if shared else socket.SO_REUSEADDR  # not both, or others could bind beside it
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
