"""One process that serves: application ─> uvicorn ─> address and a request that works ─> a signal ─> finish, exit 0."""

import asyncio
import logging
import multiprocessing
import os
import shlex
import signal
import socket
import ssl
import sys
import threading
from time import monotonic
from types import FrameType
from typing import Any, NoReturn

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.cgroup import share_arenas
from app.main import OperationsApp, Slipway, create_app
from app.printable import bounded, json_text
from app.repository.load_thread import LOAD_THREAD
from app.runtime.model import RUN_THREAD, Model
from app.server.operations_port import QUIET, OperationsPort
from app.settings import Settings
from app.telemetry import log_format as logs
from app.telemetry.ending import Ending
from app.transport.fast_path import HotProtocol
from app.transport.uvicorn_compat import fits
from app.transport.write_coalescing import AsgiProtocol, PacketsProtocol

log = logging.getLogger("slipway.server")

ACCEPTORS = 8  # connections that are taken in a turn of the loop
TRIAL_MAX_CHARS = 16384  # of a body that is shown at the start, to be pasted
STUCK_S = 0.5  # that runs and loads get to end when everything else has
ENDING = (signal.SIGTERM, signal.SIGINT)


def exit_zero_on_signals() -> None:
    """Make SIGTERM and SIGINT end this process with code 0, once uvicorn has finished and raises them again.

    Until uvicorn takes them, they wait: an exception that is raised between any two steps of a start can be lost.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    for number in ENDING:
        signal.signal(number, lambda *_: sys.exit(0))


class Server(uvicorn.Server):
    """uvicorn, which fails readiness at the first signal and says where it answers."""

    def __init__(self, config: uvicorn.Config, app: Slipway, operations: socket.socket | None = None) -> None:
        super().__init__(config)
        self._app = app
        self.ending = Ending()
        self._operations = None if operations is None else OperationsPort(OperationsApp(app), config, operations)

    async def startup(self, sockets: Any = None) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        await super().startup(sockets)
        if self._operations is not None:
            await self._operations.start()
        if supervisor := multiprocessing.parent_process():  # a worker must not outlive who looks after it
            asyncio.get_running_loop().add_reader(supervisor.sentinel, self.handle_exit, signal.SIGTERM, None)
        self._announcement = asyncio.create_task(self._announce())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins the end; a second one, whichever it is, does not wait for anybody.

        Nor does the first, before anything is answered: a worker waits for its models, of which one may hang.
        """
        if not self.started:
            _end_at_once()
        if self.should_exit and self._captured_signals:
            log.warning("A second signal: ending at once.")
            _end_at_once()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: Any = None) -> None:
        """Fail readiness, serve on for the drain delay, then finish what was accepted."""
        self.ending.begin()
        self._app.state.health.draining = True
        self._app.state.reloader.end_loads()
        self._app.hot.close()
        if self._captured_signals != [signal.SIGINT]:  # whoever routes here needs a while to notice, a person does not
            await asyncio.sleep(self._app.settings.drain_delay_s)
        self._app.hot.scheduler.flush()
        if self._app.state.rpc is not None:
            self._app.state.rpc.stop()  # beside HTTP, not after it; the lifespan waits for its end
        self._announcement.cancel()
        if supervisor := multiprocessing.parent_process():
            asyncio.get_running_loop().remove_reader(supervisor.sentinel)
        await super().shutdown(sockets)
        if self._operations is not None:
            await self._operations.stop()  # last: probes and scrapes are answered for as long as anybody is

    async def _announce(self) -> None:
        """Print the address, and a curl line that works when pasted, once a model answers."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        secure = "s" if self.config.is_ssl else ""
        address = f"http{secure}://{_reachable(host)}:{port}"
        registry, health = self._app.state.registry, self._app.state.health
        await registry.finished.wait()
        print(f"\nSlipway answers on {address} (documentation: {address}/docs)", flush=True)
        if self._app.state.rpc is not None:
            print(f"and over gRPC on grpc{secure}://{_reachable(host)}:{self._app.state.rpc.port}", flush=True)
        if self._operations is not None:
            host, port = self._operations.address
            where = f"http{secure}://{_reachable(host)}:{port}"
            print(f"and to operators (/metrics, /admin, /health) on {where}", flush=True)
        if not health.ready:
            print(bounded(f"It is NOT ready: {' '.join(health.reasons())}"), flush=True)
            return
        print(f"Try it:\n\n{_trial(address, registry.models)}\n", flush=True)


def serve(settings: Settings, sock: socket.socket, operations: socket.socket | None = None) -> None:
    """Serve on bound sockets, in this process, until a signal."""
    share_arenas()
    exit_zero_on_signals()
    logs.configure(settings.log_level, settings.log_form)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        http=_protocol(settings),
        **QUIET,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.shutdown_timeout_s,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        ssl_ca_certs=None if settings.tls_client_ca is None else str(settings.tls_client_ca),
        ssl_cert_reqs=ssl.CERT_NONE if settings.tls_client_ca is None else ssl.CERT_REQUIRED,
    )
    server = Server(config, app, operations)
    try:
        server.run(_several(sock) if settings.workers == 1 else [sock])
    finally:
        server.ending.tell()
        _leave_stuck_threads()


def _protocol(settings: Settings) -> type[HttpToolsProtocol]:
    """Return who reads connections; where uvicorn has changed, what leans on it least."""
    if not fits():
        return PacketsProtocol
    return HotProtocol if settings.door == "protocol" else AsgiProtocol


def _several(sock: socket.socket) -> list[socket.socket]:
    """Return the socket by several descriptors.

    libuv takes one connection a turn from each descriptor. Where thousands connect at once and a turn is long because
    all of them ask, a probe on a new connection would wait behind them for seconds. Several workers take several as it
    is, and to race for them at more descriptors gains nothing.
    """
    sock.setblocking(False)  # first: each copy gets this mode
    return [sock, *(sock.dup() for _ in range(ACCEPTORS - 1))]


def _leave_stuck_threads() -> None:
    """The interpreter waits for its threads; one that hangs in a run or a load must not keep the process from ending.

    Nor may one that comes back into an interpreter that is being taken down: that ends as a crash.
    """
    stuck = [thread for thread in threading.enumerate() if thread.name.startswith((RUN_THREAD, LOAD_THREAD))]
    until = monotonic() + STUCK_S
    for thread in stuck:
        thread.join(max(0.0, until - monotonic()))
    for what, prefix in (("run", RUN_THREAD), ("load", LOAD_THREAD)):
        if any(thread.is_alive() for thread in stuck if thread.name.startswith(prefix)):
            log.error("A %s has not ended; leaving it.", what)
    if any(thread.is_alive() for thread in stuck):
        _end_at_once()


def _end_at_once() -> NoReturn:
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _trial(address: str, models: list[Model]) -> str:
    """Return a line that works when pasted: a prediction, or what a model of tensors alone takes."""
    model = next((m for m in reversed(models) if m.example is not None), models[-1])
    example = None if model.example is None else json_text(msgspec.json.encode(model.example).decode())
    if example is None or len(example) > TRIAL_MAX_CHARS:
        return f"curl -s '{address}/v2/models/{model.name}'"
    query = f"?model={model.name}" if len({m.name for m in models}) > 1 else ""
    return f"curl -s '{address}/predict{query}' -H 'content-type: application/json' -d {shlex.quote(example)}"


def _reachable(host: str) -> str:
    """Turn the address that is listened on into one that can stand in a URL on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"[{host}]" if ":" in host else host
