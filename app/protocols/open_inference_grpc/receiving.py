"""How messages are received: one at a time, so that no number of callers holds more than one that nobody has counted.

    call ─> its key (`status`) ─> a place in line ─> the turn: read the message ─> count it ─> the behaviour
                                                      └─ longer than a moment ─> counted as the largest, beside others

A message tells its size only when it is here, and gRPC keeps all of it from the moment that somebody reads. Until then
HTTP/2's flow control lets no more than `WINDOW_BYTES` of a call pass, so waiting calls are cheap. What has come already
is read within a turn of the loop: small messages lose nothing by coming one after the other. Messages that take longer
leave the turn to others, and are counted with `max_body_bytes` while they are read; where there is no room for that,
and others wait, they are refused. It knows no method.
"""

import asyncio
from collections import deque

from grpc.aio import EOF

from app.errors import DeadlineExceeded, InvalidInput, RequestError
from app.http.byte_budget import SMALL_BYTES, UNCOUNTED_BYTES, ByteBudget, Hold
from app.protocols.open_inference_grpc.context import Context

WINDOW_BYTES = 65535  # of a call that come before anybody reads; HTTP/2's own default, and what grpcio is told
TURN_S = 0.02  # that a message may take while it is not counted; also how often it is looked at
GLANCE_S = 1.0  # that the message of a method without a key may take
LEFT_S = 0.1  # until a caller that left must have been noticed


class Reading:
    """A call whose message is read, or is to be read."""

    def __init__(self, until: float) -> None:
        self.task = asyncio.current_task()
        self.until = until  # that it waits for its turn
        self.started = 0.0
        self.turn: asyncio.Future[None] | None = None  # that it waits for
        self.hold: Hold | None = None
        self.late = False  # it was seen to take long once: the loop may have been late, and not the message
        self.error: RequestError | None = None

    def refuse(self, error: RequestError) -> None:
        """End the reading; `Receiver.receive` raises `error`."""
        assert self.task is not None
        self.error = error
        self.task.cancel()

    def ended(self) -> RequestError | None:
        """Return the error that this cancellation stands for; None where the caller left."""
        if self.error is not None and self.task is not None:
            self.task.uncancel()
        return self.error


class Receiver:
    """Reads the messages of one server; each is counted from when it is here, or takes long, until its answer is sent.

    `receive_timeout_s` is for a message, `wait_s` for the line before it.
    """

    def __init__(self, budget: ByteBudget, max_bytes: int, receive_timeout_s: float, wait_s: float) -> None:
        self._budget = budget
        self._max_bytes = max_bytes
        self._receive_timeout_s = receive_timeout_s
        self._wait_s = wait_s
        self._loop = asyncio.get_running_loop()
        self._reading: Reading | None = None  # whose turn it is
        self._line: deque[Reading] = deque()
        self._slow: set[Reading] = set()  # that are counted, and read beside
        self._timer: asyncio.TimerHandle | None = None
        self.public = asyncio.Lock()  # one message at a time of those who show no key

    async def receive(self, context: Context) -> tuple[bytes, Hold | None]:
        """Return the call's message, and what it holds where that counts; raises any `RequestError`."""
        reading = Reading(self._loop.time() + self._wait_s)
        try:
            if self._reading is None:
                self._reading = reading
            else:
                await self._wait(reading)
            reading.started = self._loop.time()
            if self._timer is None:
                self._timer = self._loop.call_later(TURN_S, self._look)
            data = await context.read()
        except asyncio.CancelledError:
            self._leave(reading)
            if (error := reading.ended()) is not None:
                raise error from None
            raise
        except BaseException:
            self._leave(reading)
            raise
        return await self._count(reading, data)

    async def glance(self, context: Context) -> bytes:
        """Return the message of a method that asks for no key: empty where another such message is still being read.

        Their messages say little, and so hostile ones keep no probe from its answer.
        """
        if self.public.locked():
            return b""
        async with self.public:
            try:
                async with asyncio.timeout(GLANCE_S):
                    data = await context.read()
            except TimeoutError:
                return b""
        return little(data)

    async def _count(self, reading: Reading, data: object) -> tuple[bytes, Hold | None]:
        """Count what is here by its true size."""
        hold = reading.hold
        size_bytes = len(data) if isinstance(data, bytes) else 0
        if hold is not None:
            hold.resize(size_bytes)
        self._leave(reading, keep=size_bytes > UNCOUNTED_BYTES)
        if not isinstance(data, bytes):
            await asyncio.sleep(LEFT_S)  # a caller that left ends the call here
            raise _no_message()
        if hold is None and size_bytes > UNCOUNTED_BYTES:
            return data, await self._budget.wait(size_bytes, size_bytes, self._wait_s)
        return data, hold

    async def _wait(self, reading: Reading) -> None:
        """Wait for the turn; what a waiting call may have sent is counted."""
        place = self._budget.take(SMALL_BYTES)
        if place is None:
            raise self._budget.full(SMALL_BYTES)
        reading.turn = self._loop.create_future()
        self._line.append(reading)
        try:
            await reading.turn
        finally:
            place.end()

    def _leave(self, reading: Reading, *, keep: bool = False) -> None:
        """Give the turn to the next, and what is held back where nothing came of it."""
        if reading.hold is not None:
            self._slow.discard(reading)
            if not keep:
                reading.hold.end()
        if self._reading is reading:
            self._next()
        elif reading.turn is not None and not reading.started and reading in self._line:
            self._line.remove(reading)

    def _next(self) -> None:
        self._reading = None
        while self._line:
            reading = self._line.popleft()
            if reading.turn is not None and not reading.turn.done():
                self._reading = reading
                reading.turn.set_result(None)
                return

    def _look(self) -> None:
        """Look after those that take long, while anybody reads."""
        self._timer = None
        now = self._loop.time()
        for reading in self._slow:
            self._check(reading, now)
        if self._reading is not None and self._reading.started:
            self._check(self._reading, now)
            self._make_way(self._reading, now)
        while self._line and self._line[0].until <= now:
            self._line.popleft().refuse(self._budget.full(self._max_bytes))
        if self._reading is not None or self._slow:
            self._timer = self._loop.call_later(TURN_S, self._look)

    def _check(self, reading: Reading, now: float) -> None:
        if now - reading.started > self._receive_timeout_s and reading.error is None:
            reading.refuse(DeadlineExceeded(f"The message was not whole within {self._receive_timeout_s:g} s."))

    def _make_way(self, reading: Reading, now: float) -> None:
        """Count a message that takes long as the largest, and let the next one be read; refuse it if neither goes."""
        if now - reading.started < TURN_S or reading.error is not None:
            return
        if not reading.late:
            reading.late = True
            return
        reading.hold = self._budget.take(self._max_bytes)
        if reading.hold is not None:
            self._slow.add(reading)
            self._next()
        elif self._line:
            reading.refuse(self._budget.full(self._max_bytes))


def little(data: object) -> bytes:
    """Return a message of a method that asks for no key; raises `InvalidInput` for none, or a large one."""
    if not isinstance(data, bytes):
        raise _no_message()
    if len(data) > SMALL_BYTES:
        raise InvalidInput((), f"at most {SMALL_BYTES} bytes", len(data), noun="message")
    return data


def _no_message() -> InvalidInput:
    return InvalidInput((), "one message", repr(EOF), noun="call")
