"""What the hot routes share: a request becomes an answer or an error, and is counted either way.

    Endpoint.handle(request, respond)
        find the model ─> read the body ─> submit ─> … ─> respond(200, …)
        any RequestError on the way                   ─> respond(4xx or 5xx, …)

A body that is large, or comes compressed, is unpacked and read in steps, one a turn of the loop; see
`app.protocols.incremental`. `app.protocols.predict` and the two standard protocols fill in what is left open. It knows
no transport.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from codecs import BOM_UTF8
from collections.abc import Generator
from dataclasses import dataclass, field
from time import monotonic
from typing import ClassVar, Generic, TypeVar

from app.errors import Headers, InvalidInput, Overloaded, Reason, Rendered, RequestError, Response, render
from app.http.access import Guards, access_of
from app.http.byte_budget import ByteBudget, Hold
from app.http.compression import STEP_BYTES, unpacking
from app.http.handler import Head, Refusal, Request, Respond, Ticket
from app.metrics.service_metrics import Metrics
from app.protocols.incremental import Reading, Readings, Steps
from app.protocols.inference import Inference
from app.repository.registry import Registry
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.telemetry.log_format import PRIVATE
from app.telemetry.request_observer import RequestObserver
from app.tensors import Instances

log = logging.getLogger("slipway.endpoint")

LARGE_BYTES = 256 * 1024  # of a body that is read in steps: two milliseconds of reading numbers
CROWDED: tuple[Reason, ...] = ("queue_full", "wait", "concurrency")  # of an `Overloaded`: the model has too much to do


@dataclass(frozen=True)
class Serving:
    """What an endpoint needs of the process; make it on the event loop that serves."""

    registry: Registry
    metrics: Metrics
    timeout_s: float  # that a request has, and the most that it may ask for
    max_body_bytes: int
    guards: Guards  # the keys of callers
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    observer: RequestObserver = field(default_factory=RequestObserver)  # told of answers by the transports
    readings: Readings = field(default_factory=Readings)  # large bodies that are being read
    budget: ByteBudget = field(default_factory=ByteBudget)  # of all bodies and answers together


Asked = TypeVar("Asked")


class Endpoint(ABC, Generic[Asked]):
    """A `app.http.handler.Handler` over the registry; `Asked` is what a request asks for beside an answer to its rows.

    A protocol fills in how a body is read, and how an answer is written.
    """

    mirrored: ClassVar[bool] = False  # whether shadows get copies of its requests
    route: str  # see `app.http.handler.Handler`; logs and traces show it
    protocol: ClassVar[str]  # as metrics name it; one of `app.metrics.instruments.PROTOCOLS`, or `PREVIEW`

    def __init__(self, serving: Serving) -> None:
        self.max_body_bytes = serving.max_body_bytes
        self._registry = serving.registry
        self._metrics = serving.metrics
        self._timeout_s = serving.timeout_s
        self._loop = serving.loop
        self._guard = serving.guards.of(access_of(self.route))
        self._guarded = not self._guard.open
        self._readings = serving.readings
        self._budget = serving.budget

    @abstractmethod
    def find(self, head: Head) -> Model:
        """Return who answers; raises any `RequestError`."""

    @abstractmethod
    def read(self, model: Model, head: Head, body: bytes) -> tuple[Instances, Asked]:
        """Decode `body` (unpacked): its rows, and what else it asks for; raises any `RequestError`."""

    @abstractmethod
    def read_in_steps(self, model: Model, head: Head, body: bytes) -> Generator[None, None, tuple[Instances, Asked]]:
        """Decode a large `body` (unpacked) as `read` does, in steps of a fraction of a millisecond."""

    @abstractmethod
    def write(self, model: Model, head: Head, asked: Asked, answer: Answer) -> Response:
        """Write the answer to a request; raises any `RequestError` if it cannot be."""

    def unmarked(self, head: Head, body: bytes) -> bytes:
        """Return the body without the byte order mark that some clients put before JSON (RFC 8259, section 8.1)."""
        return body[len(BOM_UTF8) :]

    def timeout_s(self, asked: Asked) -> float | None:
        """Return the time that a body asks for, where the protocol has a word for it."""
        return None

    def handle(self, request: Request, respond: Respond) -> Ticket:
        """Answer `request` through `respond`; see `app.http.handler.Handler`."""
        started = request.arrived or monotonic()
        model, head = None, request.head
        try:
            if self._guarded:
                self._guard.check(head)
            model = self.find(head)
            body, queue = request.body, model.batcher.queue
            if request.arrived or queue.rows >= queue.easy_rows:  # `crowded`, without a call
                self._admit(model, head, body, started)
            if head.content_encoding or len(body) > LARGE_BYTES or body.startswith(BOM_UTF8):
                return self._begin(model, head, body, started, respond)
            return self.submit(model, head, self.read(model, head, body), body, started, respond)
        except Exception as error:
            self._refuse(model, error, respond)
            return Refusal(model, started, crowded=_crowds_out(model, error))

    def _begin(self, model: Model, head: Head, body: bytes, started: float, respond: Respond) -> Ticket:
        """Read a body in steps, the first one now; of those in line only the first is unpacked any further.

        What comes out of a compressed one is held until it is answered, or its caller has left.
        """
        hold = self._budget.hold(0)

        def answer(status: int, body: bytes, headers: Headers, logged: str = "") -> None:
            hold.end()
            respond(status, body, headers, logged)

        reading = Reading(
            model,
            self._steps(model, head, body, started, hold, answer),
            started,
            self.deadline(head, started),
            len(body) + (STEP_BYTES if head.content_encoding else 0),
            failed=lambda error: self._refuse(model, error, answer),
            left=model.metrics.calls[self.protocol].left,
            hold=hold,
        )
        try:
            return self._readings.begin(reading)
        except Exception:
            hold.end()
            raise

    def _steps(self, model: Model, head: Head, body: bytes, started: float, hold: Hold, respond: Respond) -> Steps:
        if head.content_encoding:
            body = yield from _unpacking(body, head.content_encoding, self.max_body_bytes, hold)
        if body.startswith(BOM_UTF8):
            body = self.unmarked(head, body)
        if len(body) > LARGE_BYTES:
            yield  # those in line have what came, and nothing that was read of it: that may be ten times as much
            content = yield from self.read_in_steps(model, head, body)
        else:
            content = self.read(model, head, body)
        return self.submit(model, head, content, body, started, respond)

    def submit(
        self, model: Model, head: Head, content: tuple[Instances, Asked], body: bytes, started: float, respond: Respond
    ) -> Ticket:
        """Queue what was read of `body`; `started`, on `time.monotonic` in seconds, is when it was whole."""
        instances, asked = content
        if asked is None and not head.timeout:
            deadline = started + self._timeout_s
        else:
            deadline = self.deadline(head, started, self.timeout_s(asked))
        submitted = monotonic()
        model.metrics.decoded(submitted - started)
        work = Inference(
            rows=instances,
            size=len(instances),
            submitted=submitted,
            deadline=deadline,
            key=instances.key,
            size_bytes=len(body),
            endpoint=self,
            model=model,
            head=head,
            asked=asked,
            started=started,
            respond=respond,
        )
        if self.mirrored and self._registry.traffic is not None:
            work.mirror = self._registry.traffic.mirror(model, body)
        model.batcher.submit(work)
        return work

    def look(self, head: Head) -> float:
        if self._guarded:
            self._guard.identify(head)
        return self.deadline(head, 0.0)

    def refuse(self, error: RequestError, head: Head) -> Rendered:
        model = None
        if isinstance(error, Overloaded | InvalidInput):  # whose objective this fails, or whose requests are wrong
            with contextlib.suppress(RequestError):
                model = self.find(head)
        self._metrics.refused(model, self.protocol, error)
        return render(error)

    def deadline(self, head: Head, started: float, timeout_s: float | None = None) -> float:
        """Return when an answer is of no use any more: after the least of what the caller asks for, and the limit.

        `started` is on `time.monotonic`, `timeout_s` what the body asks for; raises `InvalidInput` for a header
        `X-Request-Timeout-Ms` that is no positive number.
        """
        limit_s = self._timeout_s
        if head.timeout:
            limit_s = min(limit_s, _timeout_s(head.timeout))
        return started + (limit_s if timeout_s is None else min(timeout_s, limit_s))

    def _admit(self, model: Model, head: Head, body: bytes, started: float) -> None:
        """Refuse before the work of reading a body what the queue would refuse after it."""
        model.batcher.queue.admit(1, len(body), self.deadline(head, started) - monotonic())

    def _refuse(self, model: Model | None, error: Exception, respond: Respond) -> None:
        """Count it, and answer in the next turn of the loop.

        A client that is answered at once sends again at once, and libuv reads a socket up to 32 times in a row: a flood
        of refusals would keep the loop from the runs that others wait for.
        """
        if not isinstance(error, RequestError):
            log.error("A request failed.", exc_info=error, extra=PRIVATE)
        self._metrics.refused(model, self.protocol, error)
        self._loop.call_soon(respond, *render(error))


def _unpacking(body: bytes, encoding: bytes, max_bytes: int, hold: Hold) -> Generator[None, None, bytes]:
    """Unpack in steps, and hold what has come out so far."""
    steps = unpacking(body, encoding, max_bytes)
    while True:
        try:
            hold.resize(next(steps))
        except StopIteration as last:
            unpacked: bytes = last.value
            hold.resize(len(unpacked))
            return unpacked
        yield


def _crowds_out(model: Model | None, fault: Exception) -> bool:
    """Whether the model has too much to do; where a refusal costs what an answer does, to put it off saves nothing."""
    too_much = isinstance(fault, Overloaded) and fault.reason in CROWDED
    return too_much and model is not None and model.batcher.pace.mostly_runs


def _timeout_s(text: bytes) -> float:
    if text.isdigit() and len(text) < 16 and int(text):
        return int(text) / 1000
    received = text[:80].decode("latin-1")
    raise InvalidInput(("x-request-timeout-ms",), "a whole number of milliseconds", received)
