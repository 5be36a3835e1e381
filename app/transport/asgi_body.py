"""A body on the ASGI path: the room it takes, and its pieces, under a limit.

    BodyIntake.collect(receive)    all of a hot request's body: room first, then its pieces
    BodyIntake.receiving(receive)  an ordinary request's body, counted while its route receives it
    BodyIntake.end()               it is answered, or its client has left

A server reads until it holds a piece or two, asked or not: so much is here when the head is. It knows neither routes
nor answers.
"""

from starlette.types import Message, Receive

from app.errors import too_many_bytes
from app.http.byte_budget import ByteBudget, Hold
from app.http.handler import Head

READ_BYTES = 65536 + 2**18  # uvicorn reads no more once it has 64 KiB; by then there may be 256 KiB more


class BodyIntake:
    """What one request holds; `limit_bytes` bounds its body, `timeout_s` the time that it waits for room."""

    def __init__(self, budget: ByteBudget, head: Head, limit_bytes: int, timeout_s: float) -> None:
        self._budget = budget
        self._head = head
        self._limit_bytes = limit_bytes
        self._timeout_s = timeout_s
        self._hold: Hold | None = None
        self._received_bytes = 0

    async def enter(self) -> None:
        """Take room for what is announced; raises `Overloaded` where there is none in time."""
        if self._head.counted:
            size = min(self._head.expected_bytes, self._limit_bytes)
            here = 0 if self._head.header(b"expect") else min(size, READ_BYTES)
            self._hold = await self._budget.wait(size, here, self._timeout_s)

    async def collect(self, receive: Receive, first: Message | None = None) -> bytes | None:
        """Return a body, None when the client leaves before its end; raises `BodyTooLarge`, and what `enter` does."""
        self._check(self._head.length or 0)
        await self.enter()
        message = first or await receive()
        body = b""
        while message["type"] == "http.request":
            piece = message.get("body", b"")
            await self._count(piece)
            body = _joined(body, piece)
            if not message.get("more_body"):
                self._resize()
                return body
            message = await receive()
        return None

    def receiving(self, receive: Receive) -> Receive:
        """Return a `receive` that counts, for whoever else reads a body; it raises what `collect` does."""

        async def counted() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                await self._count(message.get("body", b""))
            return message

        return counted

    async def _count(self, piece: bytes) -> None:
        """Count a piece; a body whose length was not announced may turn out to be large."""
        self._received_bytes += len(piece)
        self._check(self._received_bytes)
        if self._hold is not None and self._received_bytes > self._hold.size_bytes:
            self.end()
            self._hold = await self._budget.wait(self._limit_bytes, self._received_bytes, self._timeout_s)

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._limit_bytes:
            raise too_many_bytes(self._limit_bytes, size_bytes)

    def _resize(self) -> None:
        if self._hold is not None:
            self._hold.resize(self._received_bytes)

    def end(self) -> None:
        """Give back what is held."""
        if self._hold is not None:
            self._hold.end()


def _joined(body: bytes, piece: bytes) -> bytes:
    """Add a piece to a body, copied as it comes: to join a large body at its end takes long, and twice its bytes."""
    if not body:
        return piece
    if type(body) is bytes:
        body = bytearray(body)  # type: ignore[assignment]  # as good as bytes to all who read it
    body += piece
    return body
