"""An answer's head and body in one packet, where uvicorn writes them one after the other.

    write(head) ─> held ─ write(body) ─> one write of both
                    └── the loop has turned, or the connection closes ─> the head alone

A transport sends at once what it is given. A head by itself costs one more call of the system, one more packet and,
with TLS, one more record. It leans on `asyncio.Transport` alone; `app.protocol` writes whole answers anyway.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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


class Packets(asyncio.Transport):
    """A transport that keeps the head of an answer until its body comes, for one turn of the loop at most.

    Args:
        transport: the real one.
        loop: that it belongs to.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._send = transport.write
        self._loop = loop
        self._head = b""
        for name in PASSED_ON:
            setattr(self, name, getattr(transport, name))

    def write(self, data: Any) -> None:
        """Hold what begins an answer; send it with what follows."""
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
            self._loop.call_soon(self._flush)
        else:
            self._send(data)

    def write_eof(self) -> None:
        """Send what is held, and end."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Send what is held, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head and not self._transport.is_closing():
            self._send(head)


class PacketsProtocol(HttpToolsProtocol):
    """uvicorn's protocol on such a transport; it serves also where `app.protocol.fits` says no."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Packets(transport, asyncio.get_running_loop()))
