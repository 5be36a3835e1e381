"""One hot request on a connection: its body comes in by pieces, its answer goes out at once.

    enter            its head is here: is its key known, and is there room for its body? See `app.transport.body_room`
    feed, complete   the body, under its limit
    start            its turn on the connection has come
    respond          the handler's call-back: written by the connection

An `Exchange` stands where uvicorn keeps its `RequestResponseCycle`, and looks like one as far as uvicorn asks.
It knows nothing of parsing or of the socket; `app.transport.fast_path` does.
"""

import asyncio
from typing import Protocol

import msgspec

from app.errors import Headers, RequestError, too_many_bytes
from app.http.byte_budget import SMALL_BYTES, ByteBudget
from app.http.handler import Handler, Head, Refusal, Ticket
from app.http.request_ids import ID_HEADERS, id_line, sent_ids
from app.http.request_ids import Headers as RawHeaders
from app.telemetry.request_observer import RequestObserver
from app.transport.body_room import BodyRoom

REST_MAX_BYTES = 2**20  # of a refused body that are worth reading, so that the connection can be used again


class ResponseWriter(Protocol):
    """What an exchange needs of its connection."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    observer: RequestObserver
    watching: bool  # whether good answers, too, are told to the observer
    arrived: float  # see `app.http.handler.Request`
    budget: ByteBudget

    def pause(self) -> None: ...  # read no more until there is room
    def resume(self) -> None: ...  # there is, or none is needed any more

    def write(self, exchange: "Exchange", status: int, body: bytes, headers: Headers, own: bytes = b"") -> None:
        """Write a whole response, and go on with the next request; `own` are lines that no other answer has."""
        ...


class HotHead(Head):
    """The head of a hot request, with who answers it and what the connection does after it."""

    __slots__ = ("cors", "expects_100", "handler", "keep_alive", "url")

    def __init__(self, handler: Handler, url: bytes, keep_alive: bool, headers: list[tuple[bytes, bytes]]) -> None:
        super().__init__(url.partition(b"?")[2], headers)
        self.handler = handler
        self.url = url
        self.keep_alive = keep_alive
        self.cors = b""  # lines of its answer that let a page of another origin read it
        self.expects_100 = self.header(b"expect").lower() == b"100-continue"

    def with_ids(self, said: RawHeaders) -> "HotHead":
        """Return the same head with these headers, too."""
        return self._with({**self.headers, **said})

    def without_ids(self) -> "HotHead":
        """Return the same head without what it says of its request."""
        return self._with({name: value for name, value in self.headers.items() if name not in ID_HEADERS})

    def _with(self, headers: dict[bytes, bytes]) -> "HotHead":
        other = HotHead.__new__(HotHead)
        other.query, other.length, other.timeout = self.query, self.length, self.timeout
        other.content_type, other.content_encoding = self.content_type, self.content_encoding
        other.handler, other.url, other.verdict = self.handler, self.url, self.verdict
        other.keep_alive, other.expects_100, other.cors = self.keep_alive, self.expects_100, self.cors
        other.headers, other.counted = headers, self.counted
        return other


class Exchange(msgspec.Struct, eq=False):
    """One hot request and its answer; to uvicorn it looks like a `RequestResponseCycle`.

    A Struct, because one is made for each request.
    """

    connection: ResponseWriter  # that it came by
    head: HotHead
    body: bytes  # if all of it is here, or what is here of it
    watched: bool  # its answer names the request as its head does, and its end is told in any case, not only errors
    keep_alive: bool
    arrived: float = 0.0
    disconnected: bool = False
    response_complete: bool = False
    received: int = 0  # bytes of a body that comes by pieces
    whole: bool = False  # the last byte of the body is here
    started: bool = False  # it is this request's turn on the connection
    ticket: Ticket | None = None
    charged: int = 0  # bytes of a small body that came whole: counted without more ado
    room: BodyRoom | None = None  # of any other body, unless that is too small to be counted
    refused: RequestError | None = None  # what it is answered with in its turn; its body is not kept

    @property
    def size_bytes(self) -> int:
        return self.received or len(self.body)

    @property
    def crowded_out(self) -> bool:
        """True when it is being refused because its model has more to do than it can."""
        return isinstance(self.ticket, Refusal) and self.ticket.crowded

    @property
    def response_started(self) -> bool:
        return self.response_complete

    @property
    def message_event(self) -> "Exchange":
        return self

    def set(self) -> None:
        """Drop the work: the client has left."""
        self.disconnected = True
        self._let_go()
        if self.ticket is not None and not self.response_complete:
            if self.watched:
                self.connection.observer.abandoned(self, self.head.handler, sent_ids(self.head.headers), self.ticket)
            self.ticket.cancel()
        self.body = b""  # a lost connection and its last exchange are a circle, which the garbage collector finds late

    def enter(self, read_bytes: int) -> None:
        """Look at the key and take room for the body, before any of it is kept; `read_bytes` came with the head."""
        limit = self.head.handler.max_body_bytes
        size = min(self.head.expected_bytes, limit)
        try:
            if not self.whole:  # else `handle` looks at once
                self.head.handler.look(self.head)
            if (self.head.length or 0) <= limit:  # else `start` says so
                self._take_room(size, min(size, read_bytes))
        except RequestError as error:
            self.refused = error

    def _take_room(self, size: int, here_bytes: int) -> None:
        """Hold so many bytes, or wait for them; raises `RequestError` where there is no room."""
        budget = self.connection.budget
        self.room = room = self.room or BodyRoom(budget)
        if room.take(size):
            return
        if size <= SMALL_BYTES:
            raise budget.full(size)
        room.line(size, here_bytes, self.head.handler.look(self.head), self._go_on)
        self.connection.pause()

    def _go_on(self) -> None:
        """There is room for the body, or was none in time."""
        assert self.room is not None
        self.connection.resume()
        if self.room.late:
            self._turn_away(self.connection.budget.full(self.room.size_bytes))
        elif self.started:
            self.start()

    def _turn_away(self, error: RequestError) -> None:
        """Answer with an error, now or in its turn; what is here of the body is not kept."""
        self.refused, self.body = error, b""
        self._let_go()
        if self.started:
            if not self.whole:
                self._leave_rest()
            # In the next turn, as `app.protocols.endpoint` refuses: those who are answered at once send again at once.
            self.connection.loop.call_soon(self.respond, *self.head.handler.refuse(error, self.head))

    def _let_go(self) -> None:
        if self.room is not None:
            self.room.end()
        elif self.charged:
            self.connection.budget.give(self.charged)
            self.charged = 0

    def feed(self, piece: bytes) -> None:
        """Collect a piece of the body, under the limit.

        Each is copied when it comes: to join those of a large body at its end stopped the loop for ten milliseconds.
        """
        self.received += len(piece)
        if self.refused is not None:
            return
        limit = self.head.handler.max_body_bytes
        if self.received > limit:
            self._turn_away(too_many_bytes(limit, self.received))
            return
        if self.room is not None and self.received > self.room.size_bytes:
            try:  # its length was not announced, and it turns out to be large
                self._take_room(limit, self.received)
            except RequestError as error:
                self._turn_away(error)
                return
        self._append(piece)

    def _append(self, piece: bytes) -> None:
        if not self.body:
            self.body = piece
        else:
            if type(self.body) is bytes:
                self.body = bytearray(self.body)  # type: ignore[assignment]  # as good as bytes to all who read it
            self.body += piece

    def complete(self) -> None:
        """The body is whole: answer, if it is this request's turn."""
        self.whole = True
        if self.room is not None and self.refused is None:
            self.room.shrink(self.received)
        if self.started and self.refused is None and not self._waits:
            self.handle()

    @property
    def _waits(self) -> bool:
        return self.room is not None and self.room.waits

    def start(self) -> None:
        """It is this request's turn on the connection; a body that is announced as too large is not waited for."""
        self.started = True
        size = max(self.received, self.head.length or 0)
        if self.refused is not None:
            self._turn_away(self.refused)
        elif size > self.head.handler.max_body_bytes:
            self._turn_away(too_many_bytes(self.head.handler.max_body_bytes, size))
        elif self._waits:
            pass  # `_go_on` comes here again
        elif self.whole:
            self.handle()
        elif self.head.expects_100:
            self.connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def handle_whole(self) -> None:
        """Answer a request that came in one piece, once there is room for it: it is here, and may be large."""
        self.received = size = len(self.body)
        self.whole = True
        if size <= SMALL_BYTES and self.connection.budget.charge_easily(size):
            self.charged = size
            self.handle()
        else:
            self.enter(size)
            self.start()

    def handle(self) -> None:
        """Hand the request over; the answer comes to `respond`."""
        self.arrived = self.connection.arrived
        ticket = self.head.handler.handle(self, self.respond)
        if not self.response_complete:
            self.ticket = ticket
        if self.whole:
            self.body = b""  # who reads it has it, and lets it go once it is read

    def respond(self, status: int, body: bytes, headers: Headers, logged: str = "") -> None:
        """Write the answer; uvicorn then starts the next request or waits for one."""
        if not self.disconnected and not self.response_complete:
            self.response_complete = True
            own = b"" if status < 400 and not self.watched else self._own_lines(status, body, logged)
            self.ticket = None  # it knows `respond`: a cycle that only the garbage collector would find
            self.connection.write(self, status, body, headers, own + self.head.cors)
            if self.charged or self.room is not None:
                self._let_go()

    def _own_lines(self, status: int, body: bytes, logged: str) -> bytes:
        """Tell the observer what it wants to know; return the lines that say which request it was."""
        said = self.head.headers if self.watched else {}
        if status < 400 and not self.connection.watching:
            return id_line(said)
        observer, handler = self.connection.observer, self.head.handler
        pairs = observer.answered(self, handler, sent_ids(said), self.ticket, status, body, logged)
        return b"".join([b"%b: %b\r\n" % pair for pair in pairs])

    def _leave_rest(self) -> None:
        """A client that waits for 100 sends no body, so that the connection cannot be used again.

        Nor is it kept for the sake of a body that is far too large: its sender should stop.
        """
        little = (self.head.length or 0) <= self.head.handler.max_body_bytes + REST_MAX_BYTES
        self.keep_alive = self.keep_alive and not self.head.expects_100 and little
