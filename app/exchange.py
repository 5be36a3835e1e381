"""One hot request on a connection: its body comes in by pieces, its answer goes out at once.

    feed, complete   the body, under its limit
    start            its turn on the connection has come
    respond          the handler's call-back: written by the door

An `Exchange` stands where uvicorn keeps its `RequestResponseCycle`, and looks like one as far as uvicorn asks.
It knows nothing of parsing or of the socket; `app.protocol` does.
"""

import asyncio
from typing import Protocol

from app.errors import Headers
from app.handler import Handler, Head, Ticket


class Door(Protocol):
    """What an exchange needs of its connection."""

    transport: asyncio.Transport

    def write(self, exchange: "Exchange", status: int, body: bytes, headers: Headers) -> None:
        """Write a whole response, and go on with the next request."""
        ...


class HotHead(Head):
    """The head of a hot request, with who answers it and what the connection does after it."""

    __slots__ = ("expects_100", "handler", "keep_alive", "url")

    def __init__(self, handler: Handler, url: bytes, keep_alive: bool, headers: list[tuple[bytes, bytes]]) -> None:
        super().__init__(url.partition(b"?")[2], headers)
        self.handler = handler
        self.url = url
        self.keep_alive = keep_alive
        self.expects_100 = self.header(b"expect").lower() == b"100-continue"


class Exchange:
    """One hot request and its answer; to uvicorn it looks like a `RequestResponseCycle`."""

    __slots__ = (
        "_door",
        "_pieces",
        "_received",
        "_started",
        "_ticket",
        "_whole",
        "body",
        "disconnected",
        "head",
        "keep_alive",
        "response_complete",
    )

    def __init__(self, door: Door, head: HotHead, body: bytes = b"") -> None:
        self._door = door
        self.head = head
        self._pieces: list[bytes] = []
        self._received = 0
        self._whole = False  # the last byte of the body is here
        self._started = False  # it is this request's turn on the connection
        self._ticket: Ticket | None = None
        self.body = body
        self.keep_alive = head.keep_alive
        self.disconnected = False
        self.response_complete = False

    # ── what uvicorn asks of a cycle whose connection is lost ──

    @property
    def message_event(self) -> "Exchange":
        return self

    def set(self) -> None:
        """Drop the work: the client has left."""
        self.disconnected = True
        if self._ticket is not None and not self.response_complete:
            self._ticket.cancel()

    # ── the body comes in ──

    def feed(self, piece: bytes) -> None:
        """Collect a piece of the body, under the limit."""
        self._received += len(piece)
        if self._received <= self.head.handler.max_body_bytes:
            self._pieces.append(piece)
            return
        self._pieces.clear()
        if self._started:
            self._refuse(self._received)

    def complete(self) -> None:
        """The body is whole: answer, if it is this request's turn."""
        self._whole = True
        self.body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        if self._started:
            self.handle()

    def start(self) -> None:
        """It is this request's turn on the connection; a body that is announced as too large is not waited for."""
        self._started = True
        size = max(self._received, self.head.length or 0)
        if size > self.head.handler.max_body_bytes:
            self._refuse(size)
        elif self._whole:
            self.handle()
        elif self.head.expects_100:
            self._door.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # ── the answer goes out ──

    def handle(self) -> None:
        """Hand the request over; the answer comes to `respond`."""
        ticket = self.head.handler.handle(self, self.respond)
        if not self.response_complete:
            self._ticket = ticket

    def respond(self, status: int, body: bytes, headers: Headers) -> None:
        """Write the answer; uvicorn then starts the next request or waits for one."""
        if not self.disconnected and not self.response_complete:
            self.response_complete = True
            self._ticket = None  # it knows `respond`: a cycle that only the garbage collector would find
            self._door.write(self, status, body, headers)

    def _refuse(self, size: int) -> None:
        """A client that waits for 100 sends no body, so that the connection cannot be used again."""
        self.keep_alive = self.keep_alive and not self.head.expects_100
        self.respond(*self.head.handler.refuse(size))
