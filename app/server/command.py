"""`python -m app serve`: settings ─> sockets ─> serve, in this process or in several."""

import functools
import socket
import sys

from app.server import grpc_port as rpc_port
from app.server.uvicorn_server import serve as serve_here
from app.settings import Settings
from app.telemetry import log_format as logs
from app.telemetry import tracing

USAGE_ERROR = 2


def serve(settings: Settings) -> None:
    """Serve until a signal."""
    if settings.feedback and settings.workers > 1:
        print(
            "Invalid `--feedback`: expected one worker: each remembers only what it predicted itself.", file=sys.stderr
        )
        sys.exit(USAGE_ERROR)
    if settings.tracing and (reason := tracing.fault()):
        sys.exit(reason)
    settings = settings.model_copy(update={"host": rpc_port.available(settings.host)})
    sock = _bind(settings, settings.port, "--port 8001")
    settings, held = rpc_port.claim(settings)
    operations = _bind_operations(settings)
    if settings.workers == 1:
        serve_here(settings, sock, operations)
    else:
        from app.server.workers import supervise  # noqa: PLC0415 - most services are one process

        logs.configure(settings.log_level, settings.log_form)  # of the supervisor; each worker has its own
        supervise(settings.workers, sock, functools.partial(serve_here, settings, operations=operations))
    if held is not None:
        held.close()


def _bind_operations(settings: Settings) -> socket.socket | None:
    port = settings.operations_port
    if port is None:
        return None
    if port and port == settings.port:
        sys.exit(f"Cannot serve operations on the main port, {port}. Choose another: --operations-port 9090")
    return _bind(settings, port, "--operations-port 9090")


def _bind(settings: Settings, port: int, choice: str) -> socket.socket:
    """Bind before anything is loaded: a port that is taken should be said at once."""
    try:
        return rpc_port.bound(settings.host, port)
    except OSError as error:
        sys.exit(f"Cannot listen on {settings.host}:{port}: {error.strerror}. Choose another port: {choice}")
