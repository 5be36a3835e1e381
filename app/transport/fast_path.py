"""The fast path: hot routes answered from inside uvicorn's own HTTP protocol class.

    data ── a head seen before, whole body ──────────────┐
      ├──── the same but for its id: it is watched ──────┤
      └──> parser ── hot? ──> Exchange: collect the body ─> handle ─> write the answer to the transport
                └─ else ──> uvicorn's own way: scope, task, ASGI application

No scope, no task and no event is made for a hot request, which costs about a third of an empty ASGI application.
An `Exchange` stands where uvicorn keeps its `RequestResponseCycle`, so keep-alive, pipelining, graceful shutdown
and the loss of a connection stay uvicorn's own.
`app.transport.uvicorn_compat` says whether the installed uvicorn is the one that this file leans on.
"""

import functools
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.errors import Headers
from app.http.request_ids import sent_ids, split_ids
from app.transport.connection import JSON_LINE, Connection
from app.transport.fair_scheduling import PIECE_BYTES
from app.transport.request_cycle import Exchange, HotHead

HEADS_MAX = 256  # heads that are remembered
HEAD_MAX_BYTES = 2048  # of one that is remembered


class HotProtocol(Connection):
    """A connection with the hot routes taken out."""

    arrived = (
        0.0  # when what is being taken came, on `time.monotonic`, if it has waited in `app.transport.fair_scheduling`
    )
    _put_off: tuple[bytes, ...] = ()  # pieces that wait there
    _head: HotHead | None = None  # of the hot request that the parser is reading
    _prefix_of: list[tuple[bytes, bytes]] | None = None  # the default headers that `_prefix` was made of
    _prefix = b""
    _good_of: Headers | None = None  # the headers that `_good` was made of
    _good = b""  # the head of an answer that is like the last good one, up to its length

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._find, self._heads, self._scheduler = self._hot.find, self._hot.heads, self._hot.scheduler
        self.watching = self.observer.watching

    # ── a request comes in ──

    def data_received(self, data: bytes) -> None:
        """Take what has come; where this turn of the loop has been long, put it off, unless it only asks how we are."""
        scheduler = self._scheduler
        scheduler.taken = taken = scheduler.taken + 1
        if not scheduler.late and ((taken & 7 and len(data) < PIECE_BYTES) or not scheduler.full(self.loop)):
            self._take(data)
        elif self._put_off:  # who sends more before the answer waits in its socket
            self.hold()
            self._put_off += (data,)
        elif data.startswith(b"POST"):
            scheduler.put_off(self)
            self._put_off = (data,)
        else:
            self._take(data)

    def take(self, arrived: float) -> bool:
        """See `app.transport.fair_scheduling.Reader`."""
        pieces, self._put_off = self._put_off, ()
        self.arrived = arrived
        try:
            for data in pieces:
                if self.parser is None or self.transport.is_closing():
                    break
                self._take(data)
        finally:
            self.arrived = 0.0  # or the next request of this connection would be too old at once
        if len(pieces) > 1:
            self.read_on()
        return isinstance(self.cycle, Exchange) and self.cycle.crowded_out

    def hold(self) -> None:
        """See `app.transport.fair_scheduling.Reader`."""
        self.transport.pause_reading()

    def read_on(self) -> None:
        """See `app.transport.fair_scheduling.Reader`."""
        if not self.flow.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def _take(self, data: bytes) -> None:
        """Answer a whole hot request whose head is known at once; leave everything else to the parser.

        A client on a kept-alive connection sends the same head again and again. What the parser makes of a head at
        a request's beginning depends on its bytes alone, so it is remembered; the parser is not asked twice.
        """
        if self._in_message or self._busy or self.pipeline or self.flow.write_paused:
            self._parse(data)
            return
        end = data.find(b"\r\n\r\n") + 4
        head = self._heads.get(data[:end])
        if head is not None and head.length == len(data) - end:
            self._busy = True
            self.cycle = exchange = Exchange(self, head, data[end:], watched=self.watching)
            exchange.handle()
            return
        if head is None and self._answer_named(data, end):
            return
        self._head = None
        self._parse(data)
        self._remember(data, end)

    def _answer_named(self, data: bytes, end: int) -> bool:
        """Answer a request whose head would be known without its id, which is another one each time."""
        if end > HEAD_MAX_BYTES:
            return False
        rest, said = split_ids(data[:end])
        if said is None:
            return False
        head = self._heads.get(rest)
        if head is None or head.length != len(data) - end:
            return False
        self._busy = True
        named = head.with_ids(said)
        self.cycle = exchange = Exchange(self, named, data[end:], watched=True)
        exchange.handle()
        head.verdict = named.verdict
        return True

    def _parse(self, data: bytes) -> None:
        super()._parse(data)
        if len(data) >= PIECE_BYTES and self._in_message and not self._in_head and not self.transport.is_closing():
            (self._scheduler.discard if self.cycle.response_complete else self._scheduler.wait)(self)

    def on_headers_complete(self) -> None:
        self._in_head = False
        handler = self._find(self.url.partition(b"?")[0]) if self._takes_hot() else None
        if handler is None:
            super().on_headers_complete()
            return
        keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        keep_alive = keep_alive and not self._hot.closing
        self._head = HotHead(handler, self.url, keep_alive, self.headers)
        watched = self.watching or sent_ids(self._head.headers) is not None
        self.cycle = exchange = Exchange(self, self._head, watched=watched)
        if self._busy or self.pipeline or self.flow.write_paused:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, None))
        else:
            self._busy = True
            exchange.start()

    def on_body(self, body: bytes) -> None:
        if not isinstance(self.cycle, Exchange):
            super().on_body(body)
        elif not self.cycle.response_complete:
            self.cycle.feed(body)

    def on_message_complete(self) -> None:
        self._received()
        if not isinstance(self.cycle, Exchange):
            super().on_message_complete()
        elif not self.cycle.response_complete:
            self.cycle.complete()
        elif not self.cycle.keep_alive:
            self.transport.close()  # it was refused, and the rest of it is here

    def connection_lost(self, exc: Exception | None) -> None:
        for cycle, _ in self.pipeline:
            cycle.disconnected = True
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if isinstance(self.cycle, Exchange) and not self.cycle.response_complete and not self.pipeline:
            self.cycle.disconnected = True
            self._busy = False

    # ── the answer goes out ──

    def write(self, exchange: Exchange, status: int, body: bytes, headers: Headers, own: bytes = b"") -> None:
        """Write a whole response at once; see `app.transport.request_cycle.ResponseWriter`."""
        if self.server_state.default_headers is not self._prefix_of:
            self._make_prefix()
        if status == 200 and not own and exchange.keep_alive:
            if headers is not self._good_of:
                self._good_of, self._good = headers, self._head_of(200, headers)
            self.transport.write(b"%b%d\r\n\r\n%b" % (self._good, len(body), body))
        else:
            own = own if exchange.keep_alive else own + b"connection: close\r\n"
            self.transport.write(b"%b%d\r\n%b\r\n%b" % (self._head_of(status, headers), len(body), own, body))
        if self.access_log:
            client = ":".join(map(str, self.client or ()))
            self.access_logger.info('%s - "POST %s" %d', client, exchange.head.url.decode("latin-1"), status)
        if not exchange.keep_alive and not self._half_here(exchange):
            self.transport.close()
        self.on_response_complete()

    def _half_here(self, exchange: Exchange) -> bool:
        """True while the rest of a refused body is on its way: closed now, the answer might be lost."""
        return self._in_message and exchange is self.cycle and not exchange.head.expects_100

    def on_response_complete(self) -> None:
        """Start the next pipelined request, or wait for one."""
        self.server_state.total_requests += 1
        self._busy = False
        if self.transport.is_closing():
            return
        if self.pipeline:
            self.loop.call_soon(self._start_next)  # not now: a thousand pipelined requests would nest as deep
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait_idle()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._start_next()

    # ── helpers ──

    def _remember(self, data: bytes, end: int) -> None:
        """Keep the head of `data`, a whole request, if it is likely to come again: small and kept alive.

        When more than one request lay in `data`, what follows the first head is longer than the last one's body.
        """
        head = self._head
        if head is None or self._in_message or head.length != len(data) - end:
            return
        if not head.keep_alive or head.expects_100 or end > HEAD_MAX_BYTES or self.limit_concurrency is not None:
            return
        if head.length > head.handler.max_body_bytes:
            return
        key, said = split_ids(data[:end])
        if sent_ids(said or {}) != sent_ids(head.headers):
            return  # it says more of itself than the bytes show: continued lines, or no plain text
        if said is not None:
            if key in self._heads:
                return
            head = head.without_ids()
        if len(self._heads) >= HEADS_MAX:
            self._heads.clear()  # heads that differ each time must not pile up
        self._heads[key] = head

    def _takes_hot(self) -> bool:
        """Other methods, upgrades and refusals by uvicorn's own concurrency limit go the ordinary way."""
        if self.parser.get_method() != b"POST" or self.parser.should_upgrade():
            return False
        limit = self.limit_concurrency
        return limit is None or (len(self.connections) < limit and len(self.tasks) < limit)

    def _make_prefix(self) -> None:
        """Do once what holds for a second: then uvicorn makes a new list of default headers."""
        self._prefix_of = self.server_state.default_headers
        self._prefix = b"".join([name + b": " + value + b"\r\n" for name, value in self._prefix_of])
        self._good_of = None

    def _head_of(self, status: int, headers: Headers) -> bytes:
        """Return a head that lacks only the length, and lines that no other answer has."""
        return b"%b%b%bcontent-length: " % (STATUS_LINE[status], self._prefix, _lines(headers))

    def _start_next(self) -> None:
        if self._busy or not self.pipeline or self.flow.write_paused or self.transport.is_closing():
            return  # an answer that is not read holds the next one back; `resume_writing` comes here again
        cycle, app = self.pipeline.pop()
        if not self.pipeline:  # while others wait, what they wait behind must not let more in
            self.flow.resume_reading()
        self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._busy = True
        if isinstance(cycle, Exchange):
            cycle.start()
        else:
            super()._start_asgi_task(cycle, app)


@functools.lru_cache(maxsize=256)
def _lines(headers: Headers) -> bytes:
    """Write headers as they stand on the wire, where they name no type for JSON; most answers have an earlier one's."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers]).encode()
    return lines if any(name == "content-type" for name, _ in headers) else JSON_LINE + lines
