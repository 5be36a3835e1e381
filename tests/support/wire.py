"""The service on a real socket in this event loop, and a client that sends what it likes in whichever pieces."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from app.main import Slipway
from app.runtime.model import Model
from app.server.uvicorn_server import Server
from app.transport.fast_path import HotProtocol
from app.transport.write_coalescing import AsgiProtocol
from tests.support import tiny
from tests.support.serving import PATIENCE_S, app_of

TINY = tiny.Tiny(task="regression", numbers=("a", "b"), booleans=(), strings=(), optional=())


class Client:
    """A keep-alive connection that reads whole responses."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(PATIENCE_S):
            return await self._answer()

    async def _answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(status.split()[1]), headers, body

    async def values(self) -> list[float]:
        status, _, body = await self.answer()
        assert status == 200, body
        return [prediction["value"] for prediction in json.loads(body)["predictions"]]

    async def ended(self) -> bool:
        return await asyncio.wait_for(self.reader.read(1), PATIENCE_S) == b""


class Running:
    """A server on a free port, in this event loop."""

    def __init__(self, app: Slipway, server: Server, sock: socket.socket) -> None:
        self.app = app
        self.server = server
        self.port = sock.getsockname()[1]
        self._clients: list[Client] = []

    async def connect(self, receive_buffer_bytes: int = 0, **options: Any) -> Client:
        sock = socket.socket()
        if receive_buffer_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        self._clients.append(Client(*await asyncio.open_connection(sock=sock, **options)))
        return self._clients[-1]

    async def leave(self) -> None:
        for client in self._clients:
            client.writer.transport.abort()  # whatever is still to be sent
            with contextlib.suppress(ConnectionError):
                await client.writer.wait_closed()

    @property
    def model(self) -> Model:
        found: Model = self.app.state.registry.find()
        return found


@contextlib.asynccontextmanager
async def running(
    models: Path, door: str = "protocol", uvicorn_options: dict[str, Any] | None = None, **knobs: Any
) -> AsyncIterator[Running]:
    """Serve a tiny model through `door`."""
    tiny.write(models, TINY)
    options = {"timeout_keep_alive": knobs.get("keep_alive_s", 75), **(uvicorn_options or {})}
    async with listening(app_of(models, **knobs), door, **options) as served:
        yield served


@contextlib.asynccontextmanager
async def listening(app: Slipway, door: str = "protocol", **uvicorn_options: Any) -> AsyncIterator[Running]:
    """Serve an application through `door`, once its models are loaded or refused."""
    http: Any = HotProtocol if door == "protocol" else AsgiProtocol
    options: dict[str, Any] = {"log_config": None, "proxy_headers": False, **uvicorn_options}
    config = uvicorn.Config(app, http=http, **options)
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = Server(config, app)
    task = asyncio.create_task(server.serve([sock]))
    served = Running(app, server, sock)
    try:
        await until(lambda: server.started)
        await app.state.registry.finished.wait()
        yield served
    finally:
        await served.leave()
        server.should_exit = True
        await asyncio.wait_for(task, PATIENCE_S)


def request(rows: Sequence[Sequence[float]], *headers: str, version: str = "1.1") -> bytes:
    body = json.dumps({"instances": rows}).encode()
    lines = [f"POST /predict HTTP/{version}", "host: x", "content-type: application/json", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def expected(rows: Sequence[Sequence[float]]) -> list[Any]:
    """0.1 a + 0.2 b, as `tests.support.tiny` weighs the columns."""
    return [pytest.approx(0.1 * a + 0.2 * b, abs=1e-5) for a, b in rows]


async def until(true: Any) -> None:
    """Wait for a state of the server that it tells nobody of."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  (it has no event to wait for)
            await asyncio.sleep(0.001)
