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

from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import Headers
from app.http.request_ids import identify, sent_ids
from app.telemetry.request_observer import RequestObserver
from app.telemetry.request_record import Record
from app.transport import known_heads
from app.transport.answer_head import AnswerHeads, error_body, last_answer
from app.transport.fair_scheduling import PIECE_BYTES
from app.transport.fast_routes import HotRoutes
from app.transport.request_bounds import RequestBounds
from app.transport.request_cycle import Exchange, HotHead
from app.transport.strict_http import StrictProtocol


class HotProtocol(StrictProtocol):
    """uvicorn's protocol, within bounds and with the hot routes taken out.

    Its application has a `HotRoutes` as `hot`, which says how much it bears.
    """

    cycle: Any  # uvicorn's RequestResponseCycle, or an `Exchange` in its place
    timeout_keep_alive_task: Any

    _busy = False  # a request of this connection is being answered
    _idle_since: float | None = None
    arrived = 0.0  # when what is being taken came, on `time.monotonic`, if it has waited for a later turn
    _put_off: tuple[bytes, ...] = ()  # pieces that wait there
    _head: HotHead | None = None  # of the hot request that the parser is reading
    _answering: Any = None  # the request whose turn it is, where `cycle` is one behind it
    _read_bytes = 0  # that came with the piece which the parser is reading

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        hot: HotRoutes = config.app.hot  # type: ignore[union-attr]  # the application that `app.main` made
        self._hot, self.observer = hot, hot.observer or RequestObserver()
        self._find, self._heads, self._scheduler = hot.find, hot.heads, hot.scheduler
        self.budget = hot.budget
        self._answers = AnswerHeads()
        self._bounds = RequestBounds(hot, self.loop)
        self.watching = self.observer.watching

    def connection_made(self, transport: Any) -> None:
        """A connection on which nothing ever comes is idle, too."""
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._look_in(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        under_way = [self._answering, *[cycle for cycle, _ in self.pipeline]]
        for cycle in under_way:
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        super().connection_lost(exc)
        self._bounds.end()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

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
        self.transport.pause_reading()

    def pause(self) -> None:
        self.flow.pause_reading()

    def resume(self) -> None:
        """Read on, unless others wait behind the request that has room now."""
        if not self.pipeline and not self.transport.is_closing():
            self.flow.resume_reading()

    def read_on(self) -> None:
        if not (self.flow.read_paused or self.flow.held or self.transport.is_closing()):
            self.transport.resume_reading()

    def _take(self, data: bytes) -> None:
        """Answer a whole hot request whose head is known at once; leave everything else to the parser.

        A client on a kept-alive connection sends the same head again and again. What the parser makes of a head at
        a request's beginning depends on its bytes alone, so it is remembered; the parser is not asked twice.
        """
        if self._bounds.in_message or self._busy or self.pipeline or self.flow.write_paused:
            self.parse(data)
            return
        end = data.find(b"\r\n\r\n") + 4
        head = self._heads.get(data[:end])
        if head is not None and head.length == len(data) - end:
            self._busy = True
            self.cycle = exchange = Exchange(self, head, data[end:], self.watching, head.keep_alive)
            exchange.handle_whole() if head.counted else exchange.handle()
            return
        if head is None and self._answer_named(data, end):
            return
        self._head = None
        self.parse(data)
        self._remember(data, end)

    def _remember(self, data: bytes, end: int) -> None:
        """Know the head that was read from now on, where all requests go the same way."""
        if self._head is not None and not self._bounds.in_message and self.limit_concurrency is None:
            known_heads.remember(self._heads, self._head, data, end)

    def _answer_named(self, data: bytes, end: int) -> bool:
        """Answer a request whose head would be known without its id, which is another one each time."""
        known = known_heads.find(self._heads, data, end)
        if known is None:
            return False
        head, said = known
        self._busy = True
        named = head.with_ids(said)
        self.cycle = exchange = Exchange(self, named, data[end:], True, named.keep_alive)
        exchange.handle_whole() if named.counted else exchange.handle()
        head.verdict = named.verdict
        return True

    def parse(self, data: bytes) -> None:
        """Give data to the parser; who sends a head without end, or not the rest of a request, is cut off."""
        bounds = self._bounds
        self._read_bytes = len(data)
        first = bounds.messages + (not bounds.in_message)  # whose head this may be; what a later one has is not known
        super().parse(data)
        if not bounds.in_message or self.transport.is_closing():
            return
        bounds.count_piece(len(data) if self.in_head and bounds.messages == first else 0, self._cut_off)
        if self.in_head:
            if bounds.exceeded:
                self.send_400_response("The head of the request is too large.")
        elif len(data) >= PIECE_BYTES:
            (self._scheduler.discard if self.cycle.response_complete else self._scheduler.wait)(self)

    def on_message_begin(self) -> None:
        """Make no scope yet: a hot request needs none."""
        self._bounds.begin()
        self.in_head = True
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._bounds.count_header(len(name) + len(value))
        if self.in_head:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self.ends_head():
            self._begin()
            self.in_body = True

    def _begin(self) -> None:
        """Begin the request whose head is here, or put it behind those that are not answered yet."""
        if self._busy and not self.pipeline:
            self._answering = self.cycle
        handler = self._find(self.url) if self._takes_hot() else None
        if handler is None:
            self._begin_ordinary()
            return
        keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        keep_alive = keep_alive and not self._hot.closing
        self._head = HotHead(handler, self.url, keep_alive, self.headers)
        if self._hot.cors is not None:
            self._head.cors = self._hot.cors.lines(self.headers)
        watched = self.watching or sent_ids(self._head.headers) is not None
        self.cycle = exchange = Exchange(self, self._head, b"", watched, keep_alive)
        waits = self._busy or self.pipeline or self.flow.write_paused
        if waits or self._head.counted:
            exchange.enter(self._read_bytes)
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, None))
        else:
            self._busy = True
            exchange.start()

    def _begin_ordinary(self) -> None:
        """Make what uvicorn makes when a message begins, with the headers that came since."""
        url, headers = self.url, self.headers
        HttpToolsProtocol.on_message_begin(self)
        self.url = url
        for name, value in headers:
            HttpToolsProtocol.on_header(self, name, value)
        HttpToolsProtocol.on_headers_complete(self)
        self.lets_go()
        if self._hot.closing:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        if not isinstance(self.cycle, Exchange):
            super().on_body(body)
        elif not self.cycle.response_complete:
            self.cycle.feed(body)

    def on_message_complete(self) -> None:
        if not self.ends_message():
            return
        self._bounds.end()
        if not isinstance(self.cycle, Exchange):
            HttpToolsProtocol.on_message_complete(self)
        elif not self.cycle.response_complete:
            self.cycle.complete()
        elif not self.cycle.keep_alive:
            self.transport.close()  # it was refused, and the rest of it is here

    # ── what is refused ──

    def _cut_off(self) -> None:
        """The rest of a request has not come; where the service itself stopped reading, go on waiting."""
        if self.flow.read_paused:
            self._bounds.wait(self._cut_off)
            return
        self.refuse(408, f"The request did not arrive within {self._hot.receive_timeout_s:g} s.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or too much of it."""
        if self._bounds.exceeded:
            expected = f"at most {self._hot.max_head_bytes} bytes of URL and headers"
            self.refuse(431, f"Invalid head: expected {expected}. Received: more.")
        else:
            self.refuse(400, msg)

    def last_words(self, status: int, message: str) -> bytes:
        """Answer in the form of every other error, and have it recorded."""
        identity = identify(sent_ids(dict(self.headers if self._bounds.in_message else ())))
        body = error_body(message)
        record = Record(identity, status, method="", bytes_out=len(body), error=message)
        return last_answer(status, self.observer.answered_ordinary(record), body)

    def drop_broken(self) -> bool:
        """Between two answers those that wait are not begun: who is busy then would hold them for ever."""
        self._busy = super().drop_broken() and self._busy
        return self._busy or bool(self.pipeline)

    # ── the answer goes out ──

    def write(self, exchange: Exchange, status: int, body: bytes, headers: Headers, own: bytes = b"") -> None:
        """Write a whole response at once; see `app.transport.request_cycle.ResponseWriter`."""
        answers, defaults = self._answers, self.server_state.default_headers
        if status == 200 and not own and exchange.keep_alive:
            if headers is not answers.good_of or defaults is not answers.prefix_of:
                answers.make(defaults, headers)
            self.transport.write(b"%b%d\r\n\r\n%b" % (answers.good, len(body), body))
        else:
            own = own if exchange.keep_alive else own + b"connection: close\r\n"
            head = answers.of(status, defaults, headers)
            self.transport.write(b"%b%d\r\n%b\r\n%b" % (head, len(body), own, body))
        if self.access_log:
            client = ":".join(map(str, self.client or ()))
            self.access_logger.info('%s - "POST %s" %d', client, exchange.head.url.decode("latin-1"), status)
        if not exchange.keep_alive and not self._half_here(exchange):
            self.transport.close()
        self.on_response_complete()

    def _half_here(self, exchange: Exchange) -> bool:
        """True while the rest of a refused body is on its way: closed now, the answer might be lost."""
        return self._bounds.in_message and exchange is self.cycle and not exchange.head.expects_100

    def on_response_complete(self) -> None:
        """Start the next pipelined request, or wait for one."""
        self.server_state.total_requests += 1
        self._busy = False
        self._answering = None
        if self.transport.is_closing():
            return
        if self.pipeline:
            self.loop.call_soon(self._start_next)  # not now: a thousand pipelined requests would nest as deep
            return
        if self.farewell:
            self.part()
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        self._idle_since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._start_next()

    # ── idle ──

    def _unset_keepalive_if_required(self) -> None:
        """Data came, or a response ended: the connection is not idle; the timer finds out by itself."""
        self._idle_since = None

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle long enough; look again when it would be.

        One timer a connection notes when it fell idle, instead of one made and cancelled for each request.
        """
        idle_s = 0.0 if self._busy or self._idle_since is None else self.loop.time() - self._idle_since
        if idle_s >= self.timeout_keep_alive:
            self.transport.close()
        else:
            self._look_in(self.timeout_keep_alive - idle_s)

    def _look_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    # ── helpers ──

    def _takes_hot(self) -> bool:
        """Other methods and refusals by uvicorn's own concurrency limit go the ordinary way."""
        if self.parser.get_method() != b"POST":
            return False
        limit = self.limit_concurrency
        return limit is None or (len(self.connections) < limit and len(self.tasks) < limit)

    def _start_next(self) -> None:
        if self._busy or not self.pipeline or self.flow.write_paused or self.transport.is_closing():
            return  # an answer that is not read holds the next one back; `resume_writing` comes here again
        cycle, app = self.pipeline.pop()
        if not self.pipeline:  # while others wait, what they wait behind must not let more in
            self.flow.resume_reading()
        self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._busy = True
        self._answering = cycle
        if isinstance(cycle, Exchange):
            cycle.start()
        else:
            super()._start_asgi_task(cycle, app)
