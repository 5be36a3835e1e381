"""What a door and a handler agree on: bytes in, a call-back for the answer, and no transport.

door ── Request ──> Handler.handle ── … ──> respond(status, body, headers)
  └──── Ticket.cancel() when the client leaves first
"""

from collections.abc import Callable
from typing import Any, Protocol

from app.errors import Headers

Respond = Callable[[int, bytes, Headers], None]
"""Called exactly once with status, JSON body and further headers, perhaps before `handle` returns."""


class Request(Protocol):
    """What a handler needs of a request, whichever door it came through."""

    @property
    def query(self) -> bytes:
        """Raw, without the question mark."""
        ...

    @property
    def content_type(self) -> bytes:
        """Raw, empty if there is none."""
        ...

    @property
    def body(self) -> bytes:
        """All of it."""
        ...


class Ticket(Protocol):
    """A request under way."""

    @property
    def quick(self) -> bool:
        """True when the answer comes before a client could be seen to leave."""
        ...

    def cancel(self) -> None:
        """Drop the request: its client has left."""
        ...


class Handler(Protocol):
    """Answers the requests of one path."""

    @property
    def max_body_bytes(self) -> int:
        """Bytes that a door may collect; more is the handler's to `refuse`."""
        ...

    def refuse(self, received_bytes: int) -> tuple[int, bytes, Headers]:
        """Count a body over the limit and return the answer to it."""
        ...

    def handle(self, request: Request, respond: Respond) -> Ticket | None:
        """Answer through `respond`, now or later; None when there is nothing that could be cancelled."""
        ...


class HotRoutes:
    """The paths whose POST requests go to a handler by the short way."""

    def __init__(self) -> None:
        self.handlers: dict[bytes, Handler] = {}  # raw path -> handler
        self.heads: dict[bytes, Any] = {}  # raw request head -> what a door made of it
