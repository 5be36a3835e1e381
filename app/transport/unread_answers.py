"""Answers that stand in memory because their clients do not read them: they are counted, and given up after a while.

    begin(connection)   its socket took less than was written
    end(connection)     all of it is gone, or the connection is
    each second         is there less than before? if not for `send_timeout_s`, the connection ends

Without it a client that asks for much and reads nothing keeps its answer for as long as it likes, even while the
process wants to end: a transport that is closed waits for its buffer. It knows neither requests nor answers.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.http.byte_budget import ByteBudget, Hold

log = logging.getLogger("slipway.unread")

LOOK_S = 1.0  # between two looks, or a quarter of the time that is given
HIGH_WATER_BYTES = 1  # in a transport are worth a look: with TLS 0 would be so, too


class Connection(Protocol):
    """What is asked of a connection."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport


@dataclass
class Unread:
    """What one connection has still to write."""

    hold: Hold
    since: float  # it has been as much as it is, on the loop's clock


class UnreadAnswers:
    """The connections of a process whose answers are not gone; used on one loop."""

    def __init__(self, budget: ByteBudget, send_timeout_s: float = 30.0) -> None:
        self.ended: Callable[[int], object] = lambda count: None  # told how many connections were given up
        self._budget = budget
        self.send_timeout_s = send_timeout_s
        self._unread: dict[Connection, Unread] = {}
        self._looking = False

    def begin(self, connection: Connection) -> None:
        """Count what has not gone out, and watch whether it goes."""
        loop = connection.loop
        self._unread[connection] = Unread(self._budget.hold(connection.transport.get_write_buffer_size()), loop.time())
        self._go_on(loop)

    def end(self, connection: Connection) -> None:
        unread = self._unread.pop(connection, None)
        if unread is not None:
            unread.hold.end()

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._unread and not self._looking:
            self._looking = True
            loop.call_later(min(LOOK_S, self.send_timeout_s / 4), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count anew, and end the connections of which nothing has gone out for too long."""
        self._looking = False
        now = loop.time()
        late = [connection for connection, unread in self._unread.items() if self._is_late(connection, unread, now)]
        for connection in late:
            connection.transport.abort()
            self.end(connection)
        if late:
            self.ended(len(late))
            text = "Ended %d connections: nothing of their answers was read for %g s."
            log.info(text, len(late), self.send_timeout_s)
        self._go_on(loop)

    def _is_late(self, connection: Connection, unread: Unread, now: float) -> bool:
        size_bytes = connection.transport.get_write_buffer_size()
        if size_bytes != unread.hold.size_bytes:
            unread.hold.resize(size_bytes)
            unread.since = now
        return now - unread.since >= self.send_timeout_s
