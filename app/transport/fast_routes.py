"""The paths whose POST requests take the fast path: raw URL -> handler."""

from collections.abc import Callable
from typing import Any

from app.http.byte_budget import ByteBudget
from app.http.cors import Cors
from app.http.handler import Handler
from app.http.purpose import is_preview
from app.telemetry.request_observer import RequestObserver
from app.transport.fair_scheduling import FairScheduler
from app.transport.unread_answers import UnreadAnswers

Find = Callable[[bytes], Handler | None]
"""Raw path -> who answers it, or None."""


class HotRoutes:
    """The paths whose POST requests go to a handler by the short way, and the bounds of a connection.

    Without an `observer` only errors get an id and a line, without `cors` no page of another origin may read.
    """

    def __init__(
        self,
        receive_timeout_s: float = 30.0,
        max_head_bytes: int = 65536,
        observer: RequestObserver | None = None,
        cors: Cors | None = None,
        budget: ByteBudget | None = None,
        unread: UnreadAnswers | None = None,
    ) -> None:
        self.observer = observer
        self.cors = cors
        self.budget = budget or ByteBudget()  # of what all connections hold, those of other ports and protocols too
        self.unread = unread or UnreadAnswers(self.budget)
        self.receive_timeout_s = receive_timeout_s
        self.max_head_bytes = max_head_bytes
        self.scheduler = FairScheduler()  # of the connections that take the short way
        self.closing = False  # the process is about to end: each answer says that its connection does, too
        self.heads: dict[bytes, Any] = {}  # raw request head -> what the fast path made of it
        self._handlers: dict[bytes, Handler] = {}  # raw path -> handler
        self._previewers: dict[bytes, Handler] = {}  # raw path -> handler of previews
        self._families: list[tuple[bytes, Find]] = []  # beginning of the raw path -> who knows the rest

    def add(self, path: str, handler: Handler, previewer: Handler | None = None) -> None:
        """Answer POST requests to `path` by `handler`, and previews by `previewer` where there is one."""
        self._handlers[path.encode()] = handler
        if previewer is not None:
            self._previewers[path.encode()] = previewer

    def add_family(self, prefix: str, find: Find) -> None:
        """Answer POST requests to the paths below `prefix` for which `find` has a handler."""
        self._families.append((prefix.encode(), find))

    def close(self) -> None:
        """Let every connection end with its next answer."""
        self.closing = True
        self.heads.clear()  # what is remembered says that the connection is kept

    def find(self, url: bytes) -> Handler | None:
        """Return the handler of a raw path with its query; None when it is not a hot one."""
        path, _, query = url.partition(b"?")
        if query and (previewer := self._previewers.get(path)) is not None and is_preview(query):
            return previewer
        handler = self._handlers.get(path)
        if handler is None:
            for prefix, find in self._families:
                if path.startswith(prefix) and (handler := find(path)) is not None:
                    break
        return handler
