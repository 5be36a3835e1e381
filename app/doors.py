"""The ASGI door: any ASGI server and every test client can bring a request to a handler.

It stands before FastAPI's routing and middleware, which cost about as much as everything else together.
The other way in is `app.protocol`; both give the same answers on the wire.
"""

import asyncio
import functools

from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from app.errors import Headers
from app.handler import Handler, Head, Ticket

JSON = (b"content-type", b"application/json")


class Message:
    """A request as `app.handler.Request` wants it, and the place where its answer arrives."""

    __slots__ = ("answer", "body", "head", "waiter")

    def __init__(self, head: Head, body: bytes) -> None:
        self.head = head
        self.body = body
        self.answer: tuple[int, bytes, Headers] | None = None
        self.waiter: asyncio.Future[None] | None = None

    def respond(self, status: int, body: bytes, headers: Headers) -> None:
        self.answer = (status, body, headers)
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class AsgiDoor:
    """An ASGI callable that collects the body, under its limit, and awaits the handler's answer."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._loop = asyncio.get_running_loop()  # asked once: before Python 3.12 each question costs a system call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = Head(scope["query_string"], scope["headers"])
        length = head.length or 0
        limit = self._handler.max_body_bytes
        if length <= limit:
            first = await receive()
            body, length = (
                (first["body"], len(first["body"])) if _whole(first) else await _collect(first, receive, limit)
            )
        if length > limit:
            await _send(send, *self._handler.refuse(length))
            return
        if body is None:
            return  # the client left before its body was there
        message = Message(head, body)
        work = self._handler.handle(message, message.respond)
        if message.answer is None:
            message.waiter = self._loop.create_future()
            if work is None or work.quick:
                await message.waiter
            else:
                await _wait(message.waiter, work, receive)
        if message.answer is not None:
            await _send(send, *message.answer)


def _whole(message: AsgiMessage) -> bool:
    return message["type"] == "http.request" and not message.get("more_body") and "body" in message


async def _collect(message: AsgiMessage, receive: Receive, limit_bytes: int) -> tuple[bytes | None, int]:
    """Join the pieces of a body, and stop when there are too many; None when the client leaves before the last."""
    pieces, size = [], 0
    while message["type"] == "http.request":
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if not message.get("more_body") or size > limit_bytes:
            return b"".join(pieces), size
        message = await receive()
    return None, size


async def _wait(answered: "asyncio.Future[None]", work: Ticket, receive: Receive) -> None:
    """Wait for the answer; when the client leaves first, its work is dropped."""
    left = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((answered, left), return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            work.cancel()
    finally:
        left.cancel()


async def _send(send: Send, status: int, body: bytes, headers: Headers) -> None:
    raw = [*_raw(headers), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


@functools.lru_cache(maxsize=256)
def _raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Write headers as ASGI wants them; most answers have those of an earlier one."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return raw if any(name == b"content-type" for name, _ in raw) else [JSON, *raw]
