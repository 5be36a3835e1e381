"""Requests that a client sends behind one that is not answered yet: a few are read ahead, and no more.

    data ─> cuts(data)  pieces with the end of one head each ─> the parser, until `AHEAD_MAX` requests wait
                                                               └─> the rest: counted, and read when they are answered

A head of 26 bytes becomes a request of more than a kilobyte: what one read brings would take megabytes for each
connection, without a key. It knows neither parser nor protocol.
"""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl

AHEAD_MAX = 16  # requests that wait behind the one that is answered
BODY_STEP_BYTES = 1024  # of a body that are not searched for the end of a head: there may be as many as it likes
HEAD_END = b"\r\n\r\n"


def next_cut(data: bytes, start: int, *, in_body: bool) -> int:
    """Return where the next head in `data` ends, or all of it does."""
    end = data.find(HEAD_END, start + BODY_STEP_BYTES if in_body else start)
    return len(data) if end < 0 else end + len(HEAD_END)


class Flow(FlowControl):
    """uvicorn's, which reads from what is unread of the last piece before it reads from the socket.

    `read_ahead` is called, in a later turn, when there may be room for more requests.
    """

    def __init__(self, transport: asyncio.Transport, read_ahead: Callable[[], None]) -> None:
        super().__init__(transport)
        self._read_ahead = read_ahead
        self._loop = asyncio.get_running_loop()
        self.held = False  # a piece is read in part

    def hold(self) -> None:
        """Read nothing from the socket until `let_go`."""
        self.held = True
        self._transport.pause_reading()

    def let_go(self) -> None:
        """The piece is read: the socket's turn, unless somebody else waits."""
        if not self.read_paused and not self._transport.is_closing():
            self._transport.resume_reading()

    def resume_reading(self) -> None:
        if not self.held:
            super().resume_reading()
            return
        self.read_paused = False
        self._loop.call_soon(self._read_ahead)
