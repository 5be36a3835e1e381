"""The ASGI door: any ASGI server and every test client can bring a request to a handler.

It stands before FastAPI's routing and middleware, which cost about as much as everything else together.
The other way in is `app.protocol`; both give the same answers on the wire.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from app.errors import BodyTooLarge, Headers, render
from app.handler import Handler, Ticket, too_large


@dataclass(frozen=True, slots=True)
class Message:
    """A request as `app.handler.Request` wants it."""

    query: bytes
    content_type: bytes
    body: bytes


class AsgiDoor:
    """An ASGI callable that collects the body, under its limit, and awaits the handler's answer."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content_type, length = _headers_of(scope)
        try:
            self._check(length)
            body = await self._collect(receive)
        except BodyTooLarge as error:
            await _send(send, *render(error))
            return
        if body is None:
            return  # the client left before its body was there
        answer: asyncio.Future[tuple[int, bytes, Headers]] = asyncio.get_running_loop().create_future()

        def respond(*parts: Any) -> None:
            if not answer.done():
                answer.set_result(parts)

        work = self._handler.handle(Message(scope["query_string"], content_type, body), respond)
        if not answer.done() and work is not None:
            await _wait(answer, work, receive)
        if answer.done():
            await _send(send, *answer.result())

    def _check(self, length: int) -> None:
        limit = self._handler.max_body_bytes
        if length > limit:
            raise too_large(limit, length)

    async def _collect(self, receive: Receive) -> bytes | None:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body = message.get("body", b"")
            self._check(len(body))
            return bytes(body)
        parts, size = [], 0
        while message["type"] == "http.request":
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            self._check(size)
            if not message.get("more_body"):
                return b"".join(parts)
            message = await receive()
        return None


async def _wait(answer: "asyncio.Future[Any]", work: Ticket, receive: Receive) -> None:
    """Wait for the answer; when the client leaves first, its work is dropped."""
    if work.quick:
        await answer
        return
    left = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((answer, left), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            work.cancel()
    finally:
        left.cancel()


def _headers_of(scope: Scope) -> tuple[bytes, int]:
    """Return the content type and the announced length (0 if none); names are lower-case in ASGI."""
    content_type, length = b"", 0
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value
        elif name == b"content-length" and value.isdigit():
            length = int(value)
    return content_type, length


async def _send(send: Send, status: int, body: bytes, headers: Headers) -> None:
    raw = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    raw += [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
