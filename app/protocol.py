"""The protocol door: hot routes answered from inside uvicorn's own HTTP protocol class.

    headers complete ── hot? ──> Exchange: collect the body ─> handle ─> write the answer to the transport
                     └─ else ──> uvicorn's own way: scope, task, ASGI application

No scope, no task and no event is made for a hot request, which costs about a third of an empty ASGI application.
An `Exchange` stands where uvicorn keeps its `RequestResponseCycle`, so keep-alive, pipelining, graceful shutdown
and the loss of a connection stay uvicorn's own.
`fits()` says whether the installed uvicorn is the one that this file leans on; otherwise `app.doors` serves alone.
"""

import inspect
import logging
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.errors import Headers, render
from app.handler import Handler, Request, Ticket, too_large

log = logging.getLogger("slipway.protocol")

# What this door leans on in uvicorn's class, which does not promise to keep it.
ATTRIBUTES = {"cycle", "pipeline", "flow", "parser", "headers", "url", "server_state", "access_log", "transport"}
METHODS = {
    "on_message_begin": ["self"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "on_response_complete": ["self"],
    "_start_asgi_task": ["self", "cycle", "app"],
    "_unset_keepalive_if_required": ["self"],
    "timeout_keep_alive_handler": ["self"],
    "send_400_response": ["self", "msg"],
}


def fits(protocol: type = HttpToolsProtocol) -> bool:
    """Say whether uvicorn's class still has what this door leans on."""
    methods = [method for method in vars(protocol).values() if inspect.isfunction(method)]
    named = {name for method in methods for name in method.__code__.co_names}
    missing = sorted(ATTRIBUTES - named)
    for name, parameters in METHODS.items():
        method = getattr(protocol, name, None)
        if method is None or list(inspect.signature(method).parameters) != parameters:
            missing.append(name)
    if missing:
        log.warning("uvicorn's HTTP class has changed (%s): serving through the ASGI door.", ", ".join(missing))
    return not missing


class Exchange:
    """One hot request and its answer; to uvicorn it looks like a `RequestResponseCycle`."""

    __slots__ = (
        "_body",
        "_door",
        "_expects_100",
        "_handler",
        "_query",
        "_received",
        "_started",
        "_ticket",
        "_whole",
        "content_type",
        "disconnected",
        "keep_alive",
        "response_complete",
    )

    def __init__(self, door: "HotProtocol", handler: Handler, query: bytes, keep_alive: bool) -> None:
        self._door = door
        self._handler = handler
        self._query = query
        self._body: bytes | list[bytes] = b""
        self._received = 0
        self._whole = False  # the last byte of the body is here
        self._started = False  # it is this request's turn on the connection
        self._ticket: Ticket | None = None
        self._expects_100 = False
        self.content_type = b""
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False

    @property
    def message_event(self) -> "Exchange":
        """What uvicorn wakes when the connection is lost."""
        return self

    def set(self) -> None:
        """The connection is lost: drop the work."""
        self.disconnected = True
        if self._ticket is not None and not self.response_complete:
            self._ticket.cancel()

    def expect(self, length: int, expects_100: bool) -> None:
        """Take note of the announced length, and refuse it before the client sends it."""
        self._expects_100 = expects_100
        self._received = length if length > self._handler.max_body_bytes else 0

    def feed(self, piece: bytes) -> None:
        """Collect a piece of the body, under the limit."""
        self._received += len(piece)
        if self._received > self._handler.max_body_bytes:
            self._body = b""
            if self._started:
                self._refuse()
        elif not self._body:
            self._body = piece
        elif isinstance(self._body, bytes):
            self._body = [self._body, piece]
        else:
            self._body.append(piece)

    def complete(self) -> None:
        """The body is whole: answer, if it is this request's turn."""
        self._whole = True
        if self._started:
            self._handle()

    def start(self) -> None:
        """It is this request's turn on the connection."""
        self._started = True
        if self._received > self._handler.max_body_bytes:
            self._refuse()
        elif self._whole:
            self._handle()
        elif self._expects_100:
            self._door.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def respond(self, status: int, body: bytes, headers: Headers) -> None:
        """Write the answer; uvicorn then starts the next request or waits for one."""
        if self.disconnected or self.response_complete:
            return
        self.response_complete = True
        self._door.write(self, status, body, headers)

    def _handle(self) -> None:
        body = self._body if isinstance(self._body, bytes) else b"".join(self._body)
        self._body = b""
        self._ticket = self._handler.handle(Request(self._query, self.content_type, body), self.respond)

    def _refuse(self) -> None:
        """A client that waits for 100 sends no body, so that the connection cannot be used again."""
        self.keep_alive = self.keep_alive and not self._expects_100
        self.respond(*render(too_large(self._handler.max_body_bytes, self._received)))


class HotProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the hot routes taken out; see `protocol_for`."""

    hot: Mapping[bytes, Handler] = {}
    cycle: Any  # uvicorn's RequestResponseCycle, or an Exchange in its place
    pipeline: Any
    timeout_keep_alive_task: Any

    _prefix_of: list[tuple[bytes, bytes]] | None = None  # the default headers that `_prefix` was made of
    _prefix = b""
    _idle_since: float | None = None
    _busy = False  # a request of this connection is being answered

    # ── a request comes in ──

    def on_message_begin(self) -> None:
        """Make no scope yet: a hot request needs none."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        path, _, query = self.url.partition(b"?")
        handler = self.hot.get(path)
        if handler is None or self.parser.get_method() != b"POST" or not self._takes_hot():
            self._begin_ordinary()
            super().on_headers_complete()
            return
        keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        exchange = Exchange(self, handler, query, keep_alive)
        exchange.expect(self._length_and_type(exchange), self.expect_100_continue)
        self.cycle = exchange
        if self._busy or self.pipeline or self.flow.write_paused:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, None))
        else:
            self._busy = True
            exchange.start()

    def on_body(self, body: bytes) -> None:
        if type(self.cycle) is not Exchange:
            super().on_body(body)
        elif not self.cycle.response_complete:
            self.cycle.feed(body)

    def on_message_complete(self) -> None:
        if type(self.cycle) is not Exchange:
            super().on_message_complete()
        elif not self.cycle.response_complete:
            self.cycle.complete()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    # ── the answer goes out ──

    def write(self, exchange: Exchange, status: int, body: bytes, headers: Headers) -> None:
        """Write a whole response at once."""
        defaults = self.server_state.default_headers
        if defaults is not self._prefix_of:  # uvicorn makes a new list, with a new date, each second
            self._prefix_of = defaults
            lines = [name + b": " + value + b"\r\n" for name, value in defaults]
            self._prefix = b"".join([*lines, b"content-type: application/json\r\ncontent-length: "])
        extra = "".join([f"{name}: {value}\r\n" for name, value in headers]).encode() if headers else b""
        if not exchange.keep_alive:
            extra += b"connection: close\r\n"
        self.transport.write(b"%b%b%d\r\n%b\r\n%b" % (STATUS_LINE[status], self._prefix, len(body), extra, body))
        if self.access_log:
            client = ":".join(map(str, self.client or ()))
            self.access_logger.info('%s - "POST %s" %d', client, self.url.decode("latin-1"), status)
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """Start the next pipelined request, or wait for one.

        One timer a connection notes when it fell idle, instead of one made and cancelled for each request.
        """
        self.server_state.total_requests += 1
        self._busy = False
        if self.transport.is_closing():
            return
        if self.pipeline:
            self.loop.call_soon(self._start_next)  # not now: a thousand pipelined requests would nest as deep
            return
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def resume_writing(self) -> None:
        super().resume_writing()
        self._start_next()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle long enough; look again later if it has not."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None or self.transport.is_closing():
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, in the form of every other error."""
        body = b'{"error":"%b"}' % msg.encode()
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[400] + head + body)
        self.transport.close()

    # ── helpers ──

    def _unset_keepalive_if_required(self) -> None:
        """Data came, or a response ended: the connection is not idle; the timer finds out by itself."""
        self._idle_since = None

    def _takes_hot(self) -> bool:
        """Upgrades and refusals by uvicorn's own concurrency limit go the ordinary way."""
        if self.parser.should_upgrade():
            return False
        limit = self.limit_concurrency
        return limit is None or (len(self.connections) < limit and len(self.tasks) < limit)

    def _begin_ordinary(self) -> None:
        """Make what uvicorn makes when a message begins, with the headers that came since."""
        url, headers, expects_100 = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url = url
        self.headers.extend(headers)  # the scope holds this very list
        self.expect_100_continue = expects_100

    def _length_and_type(self, exchange: Exchange) -> int:
        length = 0
        for name, value in self.headers:
            if name == b"content-type":
                exchange.content_type = value
            elif name == b"content-length":
                length = int(value)  # the parser has checked that these are digits
        return length

    def _start_next(self) -> None:
        if self._busy or not self.pipeline or self.flow.write_paused:
            return  # an answer that is not read holds the next one back; `resume_writing` comes here again
        self.flow.resume_reading()
        cycle, app = self.pipeline.pop()
        self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._busy = True
        if type(cycle) is Exchange:
            cycle.start()
        else:
            super()._start_asgi_task(cycle, app)


def protocol_for(hot: Mapping[bytes, Handler]) -> type[HotProtocol]:
    """Make the protocol class whose hot routes are `hot`: raw path -> handler; the mapping may fill later."""
    return type("HotProtocolOfApp", (HotProtocol,), {"hot": hot})
