"""`python -m app`: serve the bundles of a folder.

signals ─> settings ─> socket ─> serve, in this process or in several
"""

import signal
import sys

# PID 1 ignores SIGTERM until there is a handler, and the imports below take a while.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))

import functools
import socket

from pydantic_settings import CliApp

from app.server import serve
from app.settings import Settings
from app.workers import supervise


def main() -> None:
    """Serve until a signal."""
    settings = CliApp.run(Settings)
    sock = _bind(settings)
    if settings.workers == 1:
        serve(settings, sock)
    else:
        supervise(settings.workers, sock, functools.partial(serve, settings))


def _bind(settings: Settings) -> socket.socket:
    """Bind before anything is loaded: a port that is taken should be said at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((settings.host, settings.port))
    except OSError as error:
        sys.exit(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another port: --port 8001"
        )
    return sock


if __name__ == "__main__":
    main()
