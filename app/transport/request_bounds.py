"""What a connection bears of one request: so many bytes of a head, and so many seconds until the last byte is here.

    begin() ─> count_header(…), count_piece(…) ─> end()
                  │                  └── the rest does not come in time ─> `late`
                  └── too much ─> `exceeded`

It knows neither parser nor transport; `app.transport.fast_path` says what comes, and turns away.
"""

import asyncio
from collections.abc import Callable

from app.transport.fast_routes import HotRoutes


class RequestBounds:
    """The request that a connection is reading; `hot` says how much is borne."""

    __slots__ = ("_head_bytes", "_hot", "_loop", "_sent_bytes", "_timer", "in_message", "messages")

    def __init__(self, hot: HotRoutes, loop: asyncio.AbstractEventLoop) -> None:
        self._hot = hot
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0  # of the headers that are whole
        self._sent_bytes = 0  # since the beginning of a head that came in pieces
        self.messages = 0  # that have begun
        self.in_message = False  # the parser has seen the beginning of a request and not its end

    @property
    def exceeded(self) -> bool:
        """Whether the head is larger than is borne."""
        return max(self._head_bytes, self._sent_bytes) > self._hot.max_head_bytes

    def begin(self) -> None:
        self.in_message = True
        self.messages += 1
        self._head_bytes = self._sent_bytes = 0

    def count_header(self, size_bytes: int) -> None:
        """Count a header; raises ValueError when the head is too large, upon which the parser stops."""
        self._head_bytes += size_bytes
        if self._head_bytes > self._hot.max_head_bytes:
            raise ValueError("The head is too large.")

    def count_piece(self, size_bytes: int, late: Callable[[], None]) -> None:
        """Count bytes of a head that is not whole; `late` is called when the request's rest does not come in time."""
        self._sent_bytes += size_bytes
        if self._timer is None:
            self.wait(late)

    def wait(self, late: Callable[[], None]) -> None:
        self._timer = self._loop.call_later(self._hot.receive_timeout_s, late)

    def end(self) -> None:
        """The last byte is here, or the connection is lost."""
        self.in_message = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
