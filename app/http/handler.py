"""The interface between a transport and a handler: bytes in, a call-back for the answer.

transport ── Request (Head, body) ──> Handler.handle ── … ──> respond(status, body, headers)
  └─────── Ticket.cancel() when the client leaves first
"""

from collections.abc import Iterable
from typing import Any, Protocol

from app.errors import Headers, Rendered, RequestError
from app.http.byte_budget import SMALL_BYTES, UNCOUNTED_BYTES


class Respond(Protocol):
    """Called exactly once with the answer, perhaps before `handle` returns.

    The body is JSON unless `headers`, with names in small letters, hold another `content-type`; `logged` is what a log
    may say of an error, see `app.errors.render`.
    """

    def __call__(self, status: int, body: bytes, headers: Headers, logged: str = "", /) -> None: ...


class Head:
    """What the head of a request says; a transport that sees the same bytes again may keep it."""

    __slots__ = ("content_encoding", "content_type", "counted", "headers", "length", "query", "timeout", "verdict")

    def __init__(self, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.query = query
        self.headers = found = dict(headers)
        self.content_type = found.get(b"content-type", b"")
        self.content_encoding = found.get(b"content-encoding", b"")
        self.timeout = found.get(b"x-request-timeout-ms", b"")
        length = found.get(b"content-length", b"")
        self.length = int(length) if length.isdigit() else None  # bytes of the body, if announced
        self.counted = self.expected_bytes > UNCOUNTED_BYTES  # its body is, see `app.http.byte_budget`
        self.verdict: Any = None  # what a guard thought of it

    @property
    def expected_bytes(self) -> int:
        """What room is taken for: the body, or the first part of one whose length is not announced."""
        if self.length is None:
            return SMALL_BYTES if b"transfer-encoding" in self.headers else 0
        return self.length

    def header(self, name: bytes) -> bytes:
        """Return the value of any header by its name in small letters, empty if there is none."""
        return self.headers.get(name, b"")


class Request(Protocol):
    """What a handler needs of a request, whichever transport it came by."""

    body: bytes  # all of it, as it came
    arrived: float  # on `time.monotonic` in seconds, if it has waited since then for a turn of the loop; else 0

    @property
    def head(self) -> Head: ...
    @property
    def size_bytes(self) -> int: ...  # of the body, which a transport may have let go by then


class Ticket(Protocol):
    """A request under way, or refused; what is read of it is for logs and traces. Times are on `time.monotonic`."""

    @property
    def model(self) -> Any: ...  # the `app.runtime.model.Model` that answers; None when none was found
    @property
    def started(self) -> float: ...  # when the request was whole, and here
    @property
    def submitted(self) -> float: ...  # when it was decoded and queued; 0 when it never was
    @property
    def size(self) -> int: ...  # rows
    @property
    def answer(self) -> Any: ...  # the `app.runtime.answer.Answer` once there is one, else None
    @property
    def quick(self) -> bool: ...  # the answer comes before a client could be seen to leave

    def cancel(self) -> None:
        """Drop the request: its client has left."""


class Refusal:
    """The ticket of a request that was refused before it was queued: nothing to cancel, only what is known of it."""

    __slots__ = ("crowded", "model", "started")

    submitted = 0.0
    size = 0
    answer = None
    quick = True

    def __init__(self, model: Any, started: float, *, crowded: bool) -> None:
        self.model = model
        self.started = started
        self.crowded = crowded  # others like it are better put off: answers are worth more of the time

    def cancel(self) -> None: ...


class Handler(Protocol):
    """Answers the requests of one path."""

    @property
    def protocol(self) -> str: ...  # what metrics, logs and traces call it
    @property
    def route(self) -> str: ...  # the path with names in the place of what varies: what logs and traces show of it
    @property
    def max_body_bytes(self) -> int: ...  # of a body that a transport may collect; more it has the handler `refuse`

    def look(self, head: Head) -> float:
        """Look at a head before its body is kept: return the seconds that the request has; raises `RequestError`.

        `handle` looks again, and counts the request against its caller's rate.
        """

    def refuse(self, error: RequestError, head: Head) -> Rendered:
        """Count what a transport found, or `look` did, and return the answer to it."""

    def handle(self, request: Request, respond: Respond) -> Ticket | None:
        """Answer through `respond`, now or later; None when there is nothing that could be cancelled."""
