"""The ASGI path: any ASGI server and every test client can bring a request to a handler.

    AsgiAdapter     calls the handler of a hot route
    ObservedSend    tells the observer of an ordinary route's answer, which gets the id of its request

It stands before FastAPI's routing and middleware, which cost about as much as everything else together.
The other way in is `app.transport.fast_path`; both give the same answers on the wire.
"""

import asyncio
import functools
from time import monotonic

import msgspec
from starlette.types import Message, Receive, Scope, Send

from app.errors import Headers, RequestError
from app.http.api_keys import KEY_HEADERS
from app.http.byte_budget import ByteBudget
from app.http.handler import Handler, Head, Ticket
from app.http.request_ids import SentIds, identify, sent_ids
from app.telemetry.request_observer import Pairs, RequestObserver, caller_name, id_headers
from app.telemetry.request_record import Record
from app.transport.asgi_body import BodyIntake

JSON = (b"content-type", b"application/json")
SECRETS = KEY_HEADERS | {b"cookie", b"proxy-authorization"}
ERROR_TEXT = "slipway.error"  # in the scope: what a log may say of the error that is answered


class AsgiRequest(msgspec.Struct, eq=False):
    """A request as `app.http.handler.Request` wants it, and the place where its answer arrives."""

    adapter: "AsgiAdapter"
    head: Head
    sent: SentIds | None
    body: bytes
    ticket: Ticket | None = None
    answer: tuple[int, bytes, Headers] | None = None
    own: Pairs = ()  # headers that no other answer has
    waiter: asyncio.Future[None] | None = None
    arrived: float = 0.0
    size_bytes: int = 0
    intake: BodyIntake | None = None  # what its body holds, unless it is too small to be counted

    def respond(self, status: int, body: bytes, headers: Headers, logged: str = "") -> None:
        adapter = self.adapter
        if status >= 400 or self.sent is not None or adapter.watching:
            self.own = adapter.observer.answered(self, adapter.handler, self.sent, self.ticket, status, body, logged)
        self.answer = (status, body, headers)
        self.ticket = None  # it knows `respond`: a circle that only the garbage collector would find
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def drop(self, _: object) -> None:
        """The client has left, or its answer has gone out."""
        if self.waiter is not None and not self.waiter.done():
            if self.ticket is not None:
                self.adapter.observer.abandoned(self, self.adapter.handler, self.sent, self.ticket)
                self.ticket.cancel()
            self.waiter.set_result(None)


class LastHead:
    """What was made of the head that came last: a caller sends the same one again and again.

    One that bears a key is not kept: how long it takes to compare a guess with it would tell how much of it is right.
    """

    def __init__(self) -> None:
        self._headers: list[tuple[bytes, bytes]] | None = None
        self._known: tuple[Head, SentIds | None] = Head(b"", ()), None

    def of(self, scope: Scope) -> tuple[Head, SentIds | None]:
        """Return the head of a request, and what it says of itself."""
        if scope["headers"] == self._headers and scope["query_string"] == self._known[0].query:
            return self._known
        headers = [*scope["headers"]]  # a copy: the scope is its server's
        head = Head(scope["query_string"], headers)
        known = head, sent_ids(head.headers)
        if SECRETS.isdisjoint(head.headers):
            self._headers, self._known = headers, known
        return known


class AsgiAdapter:
    """An ASGI callable that collects the body, under its limit, and awaits the handler's answer."""

    def __init__(
        self,
        handler: Handler,
        observer: RequestObserver | None = None,
        last: LastHead | None = None,
        budget: ByteBudget | None = None,
    ) -> None:
        self.handler = handler
        self.budget = budget or ByteBudget()
        self.observer = observer or RequestObserver()
        self.watching = self.observer.watching
        self._last = last or LastHead()
        self._loop = asyncio.get_running_loop()  # asked once: before Python 3.12 each question costs a system call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head, sent = self._last.of(scope)
        message = AsgiRequest(self, head, sent, b"")
        try:
            if await self._handled(message, receive):
                await self._answer(message, receive, send)
        finally:
            if message.intake is not None:
                message.intake.end()

    async def _handled(self, message: AsgiRequest, receive: Receive) -> bool:
        """Receive the body and hand the request over; False when the client left before its body was here."""
        try:
            body = await self._body(message, receive)
        except RequestError as error:
            message.respond(*self.handler.refuse(error, message.head))
            return True
        if body is None:
            return False
        message.body, message.size_bytes = body, len(body)
        ticket = self.handler.handle(message, message.respond)
        if message.answer is None:
            message.ticket = ticket
        if message.head.counted:
            message.body = b""  # who reads it has it, and lets it go once it is read
        return True

    async def _body(self, message: AsgiRequest, receive: Receive) -> bytes | None:
        """Receive the body, a larger one once there is a key and room for it; None when the client leaves."""
        head, limit = message.head, self.handler.max_body_bytes
        if head.counted or (head.length or 0) > limit:
            message.intake = BodyIntake(self.budget, head, limit, self.handler.look(head))
            return await message.intake.collect(receive)
        first = await receive()
        if first["type"] == "http.request" and not first.get("more_body"):
            body: bytes = first.get("body", b"")
            if len(body) <= limit:
                return body
        message.intake = BodyIntake(self.budget, head, limit, self.handler.look(head))
        return await message.intake.collect(receive, first)

    async def _answer(self, message: AsgiRequest, receive: Receive, send: Send) -> None:
        """Wait for the answer and send it, unless the client leaves first."""
        if message.answer is None:
            message.waiter = self._loop.create_future()
            if message.ticket is None or message.ticket.quick:
                await message.waiter
            else:
                await _unless_left(message, message.waiter, receive)
        if message.answer is not None:
            status, body, headers = message.answer
            raw = [*_raw(headers), (b"content-length", b"%d" % len(body)), *message.own]
            await send({"type": "http.response.start", "status": status, "headers": raw})
            await send({"type": "http.response.body", "body": body})


async def _unless_left(message: AsgiRequest, waiter: "asyncio.Future[None]", receive: Receive) -> None:
    """Wait for the answer; when the client leaves first, its work is dropped."""
    left = asyncio.ensure_future(receive())
    left.add_done_callback(message.drop)
    try:
        await waiter
    finally:
        left.cancel()


class ObservedSend:
    """Sends an ordinary route's answer on, with the id of its request; a good one, if `quiet`, has no line in the log.

    `route` is the form of the path, empty where no route has it.
    """

    def __init__(
        self, scope: Scope, send: Send, observer: RequestObserver, route: str = "", *, quiet: bool = False
    ) -> None:
        self._route = route
        self._quiet = quiet
        self._scope = scope
        self._send = send
        self._observer = observer
        self.head = Head(scope["query_string"], scope["headers"])
        self._sent = sent_ids(self.head.headers)
        self._started = monotonic()
        self._start: Message | None = None  # held until it is known what the answer says

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            own = self._tell(start["status"], message.get("body", b""))
            await self._send({**start, "headers": [*start.get("headers", ()), *own]})
        await self._send(message)

    def _tell(self, status: int, body: bytes) -> Pairs:
        identity = identify(self._sent)
        if status < 400 and (self._quiet or not self._observer.watching):
            return id_headers(identity)
        record = Record(identity, status, self._route, method=self._scope["method"], bytes_out=len(body))
        record.started, record.who = self._started, caller_name(self.head)
        record.error = self._scope.get(ERROR_TEXT, "")
        return self._observer.answered_ordinary(record)


@functools.lru_cache(maxsize=256)
def _raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Write headers as ASGI wants them; most answers have those of an earlier one."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return raw if any(name == b"content-type" for name, _ in raw) else [JSON, *raw]
