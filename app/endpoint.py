"""What the hot routes share: a request becomes an answer or an error, and is counted either way.

    Endpoint.handle(request, respond)
        find the model ─> unpack the body ─> submit ─> … ─> respond(200, …)
        any RequestError on the way                    ─> respond(4xx or 5xx, …)

`app.predict` and the two standard protocols fill in `find` and `submit`. It knows no transport.
"""

import asyncio
import contextlib
import gc
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import ClassVar

from app.compression import unpack
from app.errors import BodyTooLarge, Headers, InvalidInput, Overloaded, Reason, RequestError, render
from app.guard import Guard
from app.handler import Head, Refusal, Request, Respond, Ticket
from app.journal import Journal
from app.logs import PRIVATE
from app.metrics import Metrics
from app.model import Model
from app.registry import Registry

log = logging.getLogger("slipway.endpoint")

LARGE_BYTES = 256 * 1024
CROWDED: tuple[Reason, ...] = ("queue_full", "wait", "concurrency")  # of an `Overloaded`: the model has too much to do


@dataclass(frozen=True)
class Serving:
    """What an endpoint needs of the process; make it on the event loop that serves."""

    registry: Registry
    metrics: Metrics
    timeout_s: float  # that a request has, and the most that it may ask for
    max_body_bytes: int
    guard: Guard  # who may call
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    journal: Journal = field(default_factory=Journal)  # told of answers by the doors


class Endpoint(ABC):
    """A `app.handler.Handler` over the registry."""

    route: str  # see `app.handler.Handler`; logs and traces show it

    protocol: ClassVar[str]  # as metrics name it; one of `app.instruments.PROTOCOLS`

    def __init__(self, serving: Serving) -> None:
        self.max_body_bytes = serving.max_body_bytes
        self._registry = serving.registry
        self._metrics = serving.metrics
        self._timeout_s = serving.timeout_s
        self._loop = serving.loop
        self._guard = serving.guard
        self._guarded = not serving.guard.open

    @abstractmethod
    def find(self, head: Head) -> Model:
        """Return who answers; raises any `RequestError`."""

    @abstractmethod
    def submit(self, model: Model, head: Head, body: bytes, started: float, respond: Respond) -> Ticket:
        """Decode `body` (unpacked) and queue it; raises any `RequestError`.

        `started`, on `time.monotonic` in seconds, is when the request was whole.
        """

    def handle(self, request: Request, respond: Respond) -> Ticket:
        """Answer `request` through `respond`; see `app.handler.Handler`."""
        started = request.arrived or monotonic()
        model, head = None, request.head
        try:
            if self._guarded:
                self._guard.check(head)
            model = self.find(head)
            body = request.body
            if request.arrived or model.batcher.crowded:
                self._admit(model, head, body, started)
            if head.content_encoding:
                body = unpack(body, head.content_encoding, self.max_body_bytes)
            if len(body) > LARGE_BYTES:
                with _without_collector():
                    return self.submit(model, head, body, started, respond)
            return self.submit(model, head, body, started, respond)
        except RequestError as error:
            fault: Exception = error
        except Exception as error:
            log.exception("A request failed.", extra=PRIVATE)
            fault = error
        self._refuse(model, fault, respond)
        return Refusal(model, started, crowded=_crowds_out(model, fault))

    def refuse(self, received_bytes: int) -> tuple[int, bytes, Headers]:
        """See `app.handler.Handler`."""
        limit = self.max_body_bytes
        error = BodyTooLarge(f"Invalid body: expected at most {limit} bytes. Received: {received_bytes} or more.")
        self._metrics.refused(None, self.protocol, error)
        return render(error)

    def deadline(self, head: Head, started: float, timeout_s: float | None = None) -> float:
        """Return when an answer is of no use any more: after the least of what the caller asks for, and the limit.

        Args:
            head: may hold `X-Request-Timeout-Ms`.
            started: on `time.monotonic`, in seconds.
            timeout_s: what the body asks for, where the protocol has a word for it.

        Raises:
            InvalidInput: when the header is no positive number.
        """
        limit_s = self._timeout_s
        if head.timeout:
            limit_s = min(limit_s, _timeout_s(head.timeout))
        return started + (limit_s if timeout_s is None else min(timeout_s, limit_s))

    def _admit(self, model: Model, head: Head, body: bytes, started: float) -> None:
        """Refuse before the work of reading a body what the queue would refuse after it."""
        model.batcher.admit(1, len(body), self.deadline(head, started) - monotonic())

    def _refuse(self, model: Model | None, error: Exception, respond: Respond) -> None:
        """Count it, and answer in the next turn of the loop.

        A client that is answered at once sends again at once, and libuv reads a socket up to 32 times in a row: a flood
        of refusals would keep the loop from the runs that others wait for.
        """
        status, body, headers = render(error)
        self._metrics.refused(model, self.protocol, error)
        self._loop.call_soon(respond, status, body, headers)


def _crowds_out(model: Model | None, fault: Exception) -> bool:
    """Whether the model has too much to do; where a refusal costs what an answer does, to put it off saves nothing."""
    too_much = isinstance(fault, Overloaded) and fault.reason in CROWDED
    return too_much and model is not None and model.batcher.pace.mostly_runs


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Read a large body without the garbage collector, which would visit millions of new objects again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _timeout_s(text: bytes) -> float:
    """Read the milliseconds of `X-Request-Timeout-Ms`."""
    if text.isdigit() and len(text) < 16 and int(text):
        return int(text) / 1000
    received = text[:80].decode("latin-1")
    raise InvalidInput(
        f"Invalid `x-request-timeout-ms`: expected a whole number of milliseconds. Received: {received}."
    )
