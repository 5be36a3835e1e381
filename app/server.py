"""One process that serves: the application, uvicorn around it, and what a person sees when it starts.

serve(settings, sock)   application ─> uvicorn ─> address and a request that works ─> a signal ─> finish, exit 0
"""

import asyncio
import logging
import multiprocessing
import shlex
import signal
import socket
import sys
from typing import Any

import msgspec
import uvicorn

from app.main import Slipway, create_app
from app.model import Model
from app.protocol import HotProtocol, fits
from app.settings import Settings


def exit_zero_on_signals() -> None:
    """Make SIGTERM and SIGINT end this process with code 0.

    While it serves, uvicorn takes the signals, finishes what was accepted, and raises them again after that.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


class Server(uvicorn.Server):
    """uvicorn, which fails readiness at the first signal and says where it answers."""

    def __init__(self, config: uvicorn.Config, app: Slipway) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if supervisor := multiprocessing.parent_process():  # a worker must not outlive who looks after it
            asyncio.get_running_loop().add_reader(supervisor.sentinel, self.handle_exit, signal.SIGTERM, None)
        self._announcement = asyncio.create_task(self._announce())

    async def shutdown(self, sockets: Any = None) -> None:
        self._app.state.health.draining = True
        self._announcement.cancel()
        if supervisor := multiprocessing.parent_process():
            asyncio.get_running_loop().remove_reader(supervisor.sentinel)
        await super().shutdown(sockets)

    async def _announce(self) -> None:
        """Print the address, and a curl line that works when pasted, once a model answers."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        address = f"http://{_reachable(host)}:{port}"
        registry, health = self._app.state.registry, self._app.state.health
        await registry.finished.wait()
        print(f"\nSlipway answers on {address} (documentation: {address}/docs)", flush=True)
        if not health.ready:
            print(f"It is NOT ready: {' '.join(health.reasons())}", flush=True)
            return
        print(f"Try it:\n\n{_trial(address, registry.models)}\n", flush=True)


def serve(settings: Settings, sock: socket.socket) -> None:
    """Serve on a bound socket, in this process, until a signal."""
    exit_zero_on_signals()
    _log(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=HotProtocol if settings.door == "protocol" and fits() else "httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here asks who the client is
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.shutdown_timeout_s,
    )
    Server(config, app).run([sock])


def _trial(address: str, models: list[Model]) -> str:
    """Return a line that works when pasted: a prediction, or what a model of tensors alone takes."""
    model = next((m for m in reversed(models) if m.example is not None), models[-1])
    if model.example is None:
        return f"curl -s '{address}/v2/models/{model.name}'"
    query = f"?model={model.name}" if len({m.name for m in models}) > 1 else ""
    body = shlex.quote(msgspec.json.encode(model.example).decode())
    return f"curl -s '{address}/predict{query}' -H 'content-type: application/json' -d {body}"


def _reachable(host: str) -> str:
    """Turn the address that is listened on into one that can stand in a URL on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{host}]" if ":" in host else host


def _log(settings: Settings) -> None:
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=settings.log_level.upper(), format=form, stream=sys.stderr)
