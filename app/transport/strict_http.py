"""The rules of HTTP that uvicorn's protocol class does not keep, for both transports (RFC 9110 and 9112).

    data ─> parser ── an upgrade is offered ─> the head once more, without it, and then the body ─> as every request
                └──── no HTTP, or a head that may not be ─> after the answers to what came before: why, and the end

llhttp stops at the head of a request that offers an upgrade (`h2c`, as Java's own client does by default): what follows
is in another protocol. Here nothing is, so that the offer is ignored (RFC 9110, section 7.8) and the body is read.
Fields that come after a chunked body are counted and dropped. It knows no handler.
"""

import functools
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.http.byte_budget import ByteBudget, Hold
from app.transport.answer_head import error_body, last_answer
from app.transport.pipelining import AHEAD_MAX, Flow, next_cut
from app.transport.unread_answers import HIGH_WATER_BYTES, UnreadAnswers

VERSIONS = ("1.1", "1.0")


class BadHead(ValueError):
    """Raised for a head that is HTTP by its form and not by its content."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Rest:
    """What was not read of a piece, and the room that it takes."""

    data: bytes
    hold: Hold


class StrictProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which ignores upgrades and says what it refuses, in the order of the requests."""

    cycle: Any  # uvicorn's RequestResponseCycle, or what stands in its place
    pipeline: Any

    in_head = False  # the parser reads a head
    in_body = False  # the head of `cycle` is whole, and its body is not
    _chunked = False
    _rest: Rest | None = None  # of a piece that is read in part
    farewell = b""  # the last answer of this connection, which waits for those before it

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.flow: Flow = Flow(transport, self._go_on)
        hot: Any = self.config.app.hot  # type: ignore[union-attr]  # see `app.application`
        self._unread: UnreadAnswers = hot.unread
        self._budget: ByteBudget = hot.budget
        transport.set_write_buffer_limits(HIGH_WATER_BYTES)
        sock = transport.get_extra_info("socket") if self.scheme == "https" else None
        if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):  # what TLS has passed on nobody else can see
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._unread.send_timeout_s * 1000))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.begin(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread.end(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unread.end(self)
        self._drop_rest()

    def data_received(self, data: bytes) -> None:
        self.parse(data)

    def parse(self, data: bytes) -> None:
        """Give data to the parser, head by head; when many requests wait for their answers, the rest is for later."""
        if self._rest is not None:
            self._rest.data += data
            return
        self._unset_keepalive_if_required()
        start = 0
        while start < len(data) and not self.farewell:
            if len(self.pipeline) >= AHEAD_MAX:
                self._keep(data[start:])
                return
            end = next_cut(data, start, in_body=self.in_body)
            self._parse_piece(memoryview(data)[start:end])
            start = end

    def _keep(self, rest: bytes) -> None:
        """Read no more for now."""
        hold = self._budget.take(len(rest))
        if hold is None:
            self.refuse(429, "Too many requests wait on this connection, and the memory for them is full.")
        else:
            self._rest = Rest(rest, hold)
            self.flow.hold()

    def _go_on(self) -> None:
        """Read on in what was kept, until too many requests wait again."""
        if self._rest is None or len(self.pipeline) >= AHEAD_MAX:
            return
        rest = self._drop_rest()
        if self.transport.is_closing():
            return
        self.parse(rest)
        if not self.flow.held:
            self.flow.let_go()

    def _drop_rest(self) -> bytes:
        """Forget what was kept, and return it."""
        rest, self._rest, self.flow.held = self._rest, None, False
        if rest is None:
            return b""
        rest.hold.end()
        return rest.data

    def _parse_piece(self, data: memoryview) -> None:
        """Give data to the parser; behind the head of an upgrade first the head again, then what the parser left."""
        rest = data
        try:
            while (left := self._feed(rest)) is not None:
                head = self._head_without_upgrade()
                self.parser = _parser(self)  # one that saw `Connection: close` has come to its end
                self.parser.feed_data(head)
                rest = rest[left:]
        except httptools.HttpParserError as error:
            self._refuse_broken(error)

    def _feed(self, data: memoryview) -> int | None:
        """Return where the parser stopped, if it did because of an upgrade."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            stopped: int = upgrade.args[0]
            return stopped
        return None

    def _head_without_upgrade(self) -> bytes:
        """Write the head that was read, without what made the parser stop."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            raise httptools.HttpParserInvalidMethodError("this is no proxy, and `CONNECT` is for proxies")
        lines = [b"%b: %b\r\n" % pair for pair in self.headers if pair[0] != b"upgrade"]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(lines))

    def _refuse_broken(self, error: Exception) -> None:
        why = error.__context__
        if isinstance(why, BadHead):
            self.refuse(why.status, str(why))
        else:
            self.send_400_response(f"Invalid HTTP request: {str(error) or 'it cannot be read'}.")

    # ── the parser calls ──

    def on_message_begin(self) -> None:
        self.in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_head:  # or a caller could add headers after its head was judged
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.ends_head():
            super().on_headers_complete()
            self.in_body = True
            self.lets_go()

    def on_message_complete(self) -> None:
        if self.ends_message():
            super().on_message_complete()

    def lets_go(self) -> None:
        """Have `cycle` forget what it holds of a body once it is answered, and not when the next request comes."""
        cycle = self.cycle
        self.cycle.on_response = functools.partial(self._answered, cycle)

    def _answered(self, cycle: Any) -> None:
        cycle.body = b""
        self.on_response_complete()

    def ends_head(self) -> bool:
        """Judge the head; False when the parser will read it once more. Raises `BadHead`."""
        if self.parser.should_upgrade():
            return False
        self.in_head = False
        if self.url == b"*" and self.parser.get_method() == b"OPTIONS":
            self.url = b"/"  # about the service as a whole, which has no other path than this
        names = [name for name, _ in self.headers]
        self._check(self.parser.get_http_version(), names.count(b"host"))
        if b"%" in self.url and not unquote(self.url.partition(b"?")[0]).isprintable():
            raise BadHead("Invalid path: expected no control characters. Received: some, percent-encoded.")
        if b"transfer-encoding" in names and _is_chunked(dict(self.headers)[b"transfer-encoding"]):
            # A length behind a chunked body is one of its fields, and no second length: those are refused in heads.
            self.parser.set_dangerous_leniencies(lenient_chunked_length=True)
            self._chunked = True
        return True

    @staticmethod
    def _check(version: str, hosts: int) -> None:
        if version not in VERSIONS:
            raise BadHead(f"Invalid version: expected HTTP/1.1 or HTTP/1.0. Received: HTTP/{version}.", 505)
        if hosts != 1 and (hosts or version == "1.1"):
            raise BadHead(f"Invalid head: expected one `Host`. Received: {hosts or 'none'}.")

    def ends_message(self) -> bool:
        """Note that the request is whole; False when the parser only left its head."""
        if not self.in_body:
            return False
        self.in_body = False
        if self._chunked:
            self.parser.set_dangerous_leniencies(lenient_chunked_length=False)
            self._chunked = False
        return True

    # ── what is refused ──

    def send_400_response(self, msg: str) -> None:
        self.refuse(400, msg)

    def refuse(self, status: int, message: str) -> None:
        """Say why and close, once what came before has its answers."""
        if self.transport.is_closing() or self.farewell:
            return
        if self.in_body and self.cycle.response_started:
            self.transport.close()  # it has its answer, or a part of it
            return
        self.farewell = self.last_words(status, message)
        if self.drop_broken():
            self.transport.pause_reading()
        else:
            self.part()

    def last_words(self, status: int, message: str) -> bytes:
        """Return the whole answer to what is refused."""
        return last_answer(status, (), error_body(message))

    def drop_broken(self) -> bool:
        """Forget the request that is being read; True if others before it are still to be answered."""
        waits = bool(self.pipeline)
        if not self.in_body:
            return waits or not (self.cycle is None or self.cycle.response_complete)
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        if waits:
            self.pipeline.popleft()
        return waits

    def part(self) -> None:
        self.transport.write(self.farewell)
        self.transport.close()

    def on_response_complete(self) -> None:
        last = not self.pipeline
        super().on_response_complete()
        if last and self.farewell and not self.transport.is_closing():
            self.part()


def _is_chunked(coding: bytes) -> bool:
    """Whether the last coding is the one that llhttp unpacks; it refuses every other."""
    return coding.rpartition(b",")[2].strip().lower() == b"chunked"


def _parser(protocol: HttpToolsProtocol) -> httptools.HttpRequestParser:
    """Make a parser as uvicorn makes the first one of a connection."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
