"""What a door and a handler agree on: bytes in, a call-back for the answer, and no transport.

door ── Request ──> Handler.handle ── … ──> respond(status, body, headers)
  └──── Ticket.cancel() when the client leaves first
"""

from collections.abc import Callable
from typing import Any, Protocol

from app.errors import Headers

Respond = Callable[[int, bytes, Headers], None]
"""Called exactly once with status, body and further headers, perhaps before `handle` returns.

The body is JSON unless the headers, whose names are in small letters, hold another `content-type`.
"""


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
    def content_encoding(self) -> bytes:
        """Raw, empty if there is none."""
        ...

    @property
    def body(self) -> bytes:
        """All of it, as it came."""
        ...

    def header(self, name: bytes) -> bytes:
        """Return the value of any header by its name in small letters, empty if there is none."""
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


Find = Callable[[bytes], Handler | None]
"""Raw path -> who answers it, or None."""


class HotRoutes:
    """The paths whose POST requests go to a handler by the short way."""

    def __init__(self) -> None:
        self.heads: dict[bytes, Any] = {}  # raw request head -> what a door made of it
        self._handlers: dict[bytes, Handler] = {}  # raw path -> handler
        self._families: list[tuple[bytes, Find]] = []  # beginning of the raw path -> who knows the rest

    def take(self, path: str, handler: Handler) -> None:
        """Answer POST requests to `path` by `handler`."""
        self._handlers[path.encode()] = handler

    def take_family(self, prefix: str, find: Find) -> None:
        """Answer POST requests to the paths below `prefix` for which `find` has a handler."""
        self._families.append((prefix.encode(), find))

    def find(self, path: bytes) -> Handler | None:
        """Return the handler of a raw path, without its query; None when it is not a hot one."""
        handler = self._handlers.get(path)
        if handler is None:
            for prefix, find in self._families:
                if path.startswith(prefix):
                    return find(path)
        return handler
