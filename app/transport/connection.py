"""One connection of a client, within bounds: uvicorn's protocol class, which bears more than is good for a service.

    a head         of so many bytes                 else 431
    a request      within so many seconds           else 408
    no HTTP        in the form of every other error      400
    idle           for so long                      closed

It knows nothing of hot routes; `app.transport.fast_path` takes them out.
"""

import asyncio
from typing import Any

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.http.request_ids import identify, sent_ids
from app.telemetry.request_observer import RequestObserver
from app.telemetry.request_record import Record
from app.transport.fast_routes import HotRoutes

JSON_LINE = b"content-type: application/json\r\n"


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with bounds; its application has a `HotRoutes` as `hot`, which says how much it bears.

    `app.transport.fast_path` has the whole way of a request, and says when its head and its last byte are here.
    """

    cycle: Any  # uvicorn's RequestResponseCycle, or an `app.transport.request_cycle.Exchange` in its place
    pipeline: Any
    timeout_keep_alive_task: Any

    _in_message = False  # the parser has seen the beginning of a request and not its end
    _in_head = False  # nor the end of its head
    _head_bytes = 0  # of the headers that are whole
    _sent_bytes = 0  # since the beginning of a head that came in pieces
    _slow_task: asyncio.TimerHandle | None = None  # cuts off who does not send the rest
    _busy = False  # a request of this connection is being answered
    _idle_since: float | None = None

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        hot: HotRoutes = config.app.hot  # type: ignore[union-attr]  # the application that `app.main` made
        self._hot, self.observer = hot, hot.observer or RequestObserver()

    def connection_made(self, transport: Any) -> None:
        """A connection on which nothing ever comes is idle, too."""
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._wait_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self.timeout_keep_alive_task, self._slow_task):
            if timer is not None:
                timer.cancel()
        self.timeout_keep_alive_task = self._slow_task = None

    # ── a request within bounds ──

    def _parse(self, data: bytes) -> None:
        """Give data to the parser; who sends a head without end, or not the rest of a request, is cut off."""
        super().data_received(data)
        if not self._in_message or self.transport.is_closing():
            return
        if self._in_head:
            self._sent_bytes += len(data)
            if self._sent_bytes > self._hot.max_head_bytes:
                self.send_400_response("The head of the request is too large.")
        if self._slow_task is None:
            self._slow_task = self.loop.call_later(self._hot.receive_timeout_s, self._cut_off)

    def on_message_begin(self) -> None:
        """Make no scope yet: a hot request needs none."""
        self._in_message = self._in_head = True
        self._head_bytes = self._sent_bytes = 0
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > self._hot.max_head_bytes:
            raise ValueError("The head is too large.")  # the parser stops and `send_400_response` follows

    def on_headers_complete(self) -> None:
        """Make what uvicorn makes when a message begins, with the headers that came since."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        if self._hot.closing:
            self.cycle.keep_alive = False

    def _received(self) -> None:
        """The last byte of a request is here."""
        self._in_message = False
        if self._slow_task is not None:
            self._slow_task.cancel()
            self._slow_task = None

    def _cut_off(self) -> None:
        """The rest of a request has not come; where the service itself stopped reading, go on waiting."""
        self._slow_task = None
        if self.flow.read_paused:
            self._slow_task = self.loop.call_later(self._hot.receive_timeout_s, self._cut_off)
            return
        if not self._in_head and self.cycle.response_complete:
            self.transport.close()  # it has its answer
            return
        self._give_up()
        self._turn_away(408, f"The request did not arrive within {self._hot.receive_timeout_s:g} s.")

    def _give_up(self) -> None:
        """Wait no more for the request whose rest has not come."""

    # ── what is refused ──

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it, in the form of every other error."""
        if max(self._head_bytes, self._sent_bytes) > self._hot.max_head_bytes:
            expected = f"at most {self._hot.max_head_bytes} bytes of URL and headers"
            self._turn_away(431, f"Invalid head: expected {expected}. Received: more.")
        else:
            self._turn_away(400, msg)

    def _turn_away(self, status: int, message: str) -> None:
        """Say why and close, if nothing else is being said on this connection."""
        if not self._busy and not self.transport.is_closing():
            body = msgspec.json.encode({"error": message})
            identity = identify(sent_ids(dict(self.headers if self._in_message else ())))
            pairs = self.observer.answered_ordinary(
                Record(identity, status, method="", bytes_out=len(body), error=message)
            )
            own = b"".join([b"%b: %b\r\n" % pair for pair in pairs])
            head = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + JSON_LINE + own + head + body)
        self.transport.close()

    # ── idle ──

    def _wait_idle(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        """Data came, or a response ended: the connection is not idle; the timer finds out by itself."""
        self._idle_since = None

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle long enough; look again later if it has not.

        One timer a connection notes when it fell idle, instead of one made and cancelled for each request.
        """
        self.timeout_keep_alive_task = None
        if self.transport.is_closing():
            return
        idle_s = 0.0 if self._busy or self._idle_since is None else self.loop.time() - self._idle_since
        if idle_s >= self.timeout_keep_alive:
            self.transport.close()
            return
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive - idle_s, self.timeout_keep_alive_handler
        )
