"""An answer's head and body in one packet, where uvicorn writes them one after the other.

    write(head) ─> held ─ write(body) ─> one write of both
                    └── the loop has turned, or the connection closes ─> the head alone

A transport sends at once what it is given. A head by itself costs one more call of the system, one more packet and,
with TLS, one more record. It leans on `asyncio.Transport` alone; `app.transport.fast_path` writes whole answers anyway.
"""

import asyncio
import functools
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.transport.strict_http import StrictProtocol

JOIN_MAX_BYTES = 65536  # of a body that is copied behind its head

# What is the real transport's own. It is bound once for a connection: some of it is asked at each request.
PASSED_ON = (
    "abort",
    "can_write_eof",
    "get_extra_info",
    "get_protocol",
    "get_write_buffer_limits",
    "get_write_buffer_size",
    "is_closing",
    "is_reading",
    "pause_reading",
    "resume_reading",
    "set_protocol",
    "set_write_buffer_limits",
)


class Turn:
    """Who began an answer since the loop has turned: one call-back for all of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._began: list[Packets] = []

    def note(self, packets: "Packets") -> None:
        """Have its head flushed when the loop has turned, unless it is gone by then."""
        if not self._began:
            self._loop.call_soon(self._end)
        self._began.append(packets)

    def _end(self) -> None:
        began, self._began = self._began, []
        for packets in began:
            packets.flush()


class Packets(asyncio.Transport):
    """A transport that keeps the head of an answer until its body comes, for one turn of the loop at most."""

    def __init__(self, transport: asyncio.Transport, turn: Turn) -> None:
        super().__init__()
        self._transport = transport
        self._send = transport.write
        self._note = turn.note
        self._head = b""
        for name in PASSED_ON:
            setattr(self, name, getattr(transport, name))

    def write(self, data: Any) -> None:
        """Hold what begins an answer; send it with what follows, unless the caller is gone."""
        if self._transport.is_closing():  # uvloop's would raise, and uvicorn learns of it only afterwards
            self._head = b""
            return
        head = self._head
        if head:
            self._head = b""
            if len(data) <= JOIN_MAX_BYTES:
                self._send(head + data)
            else:
                self._send(head)
                self._send(data)
        elif data.startswith(b"HTTP/1."):
            self._head = data
            self._note(self)
        else:
            self._send(data)

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what is held, if anything is."""
        head, self._head = self._head, b""
        if head and not self._transport.is_closing():
            self._send(head)


class PacketsProtocol(HttpToolsProtocol):
    """uvicorn's protocol on such a transport; it serves also where `app.transport.uvicorn_compat` says no."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Packets(transport, _turn_of(asyncio.get_running_loop())))


class AsgiProtocol(PacketsProtocol, StrictProtocol):
    """Who reads the connections of the ASGI path."""


@functools.lru_cache(maxsize=1)  # a process has one loop
def _turn_of(loop: asyncio.AbstractEventLoop) -> Turn:
    return Turn(loop)
