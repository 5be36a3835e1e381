"""Answers on their way: counted until they are sent, and given up when nobody takes them.

    answer ─> counted ─> sent          the count is given back
                      └─ too long     its connection is closed, and gRPC frees what it had for it

gRPC keeps an answer until its caller's flow control lets it pass, until the call's own deadline if it has one, and
otherwise for as long as the connection lives. A caller may ask and never read.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Any

from app.http.byte_budget import UNCOUNTED_BYTES, ByteBudget, Hold
from app.protocols.open_inference_grpc.connections import close_connections
from app.protocols.open_inference_grpc.context import Context

log = logging.getLogger("slipway.rpc")

LOOK_EVERY_S = 1.0
STOPPING_S = 1.0  # that an answer has when the process stops: the shutdown's own time is for calls that still work
SLOWEST_BYTES_PER_S = 2**18  # that an honest caller reads: how far an answer has come is not to be seen
COPIES = 2  # of an answer that is sent: Python's and gRPC's


class Answers:
    """The answers of one server that are on their way."""

    def __init__(self, budget: ByteBudget, send_timeout_s: float, ended: Callable[[int], object]) -> None:
        self._budget = budget
        self._ended = ended  # told how many answers were given up
        self._send_timeout_s = send_timeout_s
        self._loop = asyncio.get_running_loop()
        self._sending: dict[asyncio.Task[Any], tuple[float, Context]] = {}  # until when, and what for
        self._end = math.inf  # of all of them, once the process stops
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, context: Context, size_bytes: int, hold: Hold | None) -> None:
        """Count the answer of the task that runs, in the place of its request, until it is sent or its call ends."""
        task = asyncio.current_task()
        assert task is not None
        if hold is not None:
            hold.resize(COPIES * size_bytes)
        elif size_bytes > UNCOUNTED_BYTES:
            task.add_done_callback(ending(self._budget.hold(COPIES * size_bytes)))
        until = self._loop.time() + self._send_timeout_s + size_bytes / SLOWEST_BYTES_PER_S
        self._sending[task] = until, context
        task.add_done_callback(self._forget)
        if self._timer is None:
            self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)

    def stop(self) -> None:
        """Leave those answers that are still on their way a moment from now."""
        self._end = self._loop.time() + STOPPING_S

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._sending.pop(task, None)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        unread = [context.peer() for until, context in self._sending.values() if min(until, self._end) < now]
        if unread:
            close_connections(set(unread))
            self._ended(len(unread))
            log.info("Ended the connections of %d answers that were not read in time.", len(unread))
        if self._sending:
            self._timer = self._loop.call_later(LOOK_EVERY_S, self._look)


def ending(hold: Hold) -> Callable[[object], None]:
    """Return what ends the hold when a task is done."""
    return lambda _: hold.end()


class Abandoned(logging.Filter):
    """Leaves out what grpcio prints, with a trace, of each caller that leaves while its answer is sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        left = record.exc_info is not None and type(record.exc_info[1]).__name__ == "ExecuteBatchError"
        if left:
            log.debug("A caller left while its answer was sent.")
        return not left
