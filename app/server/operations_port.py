"""What operators ask, on a port of its own: metrics, the admin verbs, health and models.

It is a second listener in the same process and on the same loop, and stops when everything else has ended.
Metrics and verbs then leave the main port, where callers are; health stays on both.
With TLS on the main port this one has the same certificate, for operators' keys pass through it; it asks nobody for a
certificate, because probes and scrapers have none. Several workers share its socket as they share the other.
Which path belongs to which port says `app.http.access`. It knows nothing of what is answered.
"""

import asyncio
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp

STOP_S = 1  # that a scrape under way has to finish, when everything else has ended


QUIET: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False, "proxy_headers": False}
"""Of every port: the service has logs of its own, and nothing here asks who the client is."""


class OperationsPort(uvicorn.Server):
    """A listener beside the main one, with the same TLS and limits.

    `app` has a `HotRoutes` as `hot`, which says how much a connection bears; `sock` is bound, and closed at the end.
    """

    def __init__(self, app: ASGIApp, main: uvicorn.Config, sock: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=main.http,
            lifespan="off",  # the main port's
            **QUIET,
            timeout_keep_alive=main.timeout_keep_alive,
            timeout_graceful_shutdown=STOP_S,
            ssl_certfile=main.ssl_certfile,
            ssl_keyfile=main.ssl_keyfile,
        )
        super().__init__(config)
        self._sock = sock

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that are listened on."""
        host, port = self._sock.getsockname()[:2]
        return host, port

    async def start(self) -> None:
        """Listen; uvicorn's own signals, lines in the log and life span are the main port's."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=[self._sock])
        self._ticks = asyncio.create_task(self.main_loop(), name="ticks of the operations port")

    async def stop(self) -> None:
        """Take no more connections, and let what is under way finish."""
        self._ticks.cancel()
        await self.shutdown(sockets=[self._sock])
