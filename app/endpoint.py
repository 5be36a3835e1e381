"""What the hot routes share: a request becomes an answer or an error, and is counted either way.

    Endpoint.handle(request, respond)
        find the model ─> unpack the body ─> submit ─> … ─> respond(200, …)
        any RequestError on the way                    ─> respond(4xx or 5xx, …)

`app.predict` and the two standard protocols fill in `find` and `submit`. It knows no transport.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from time import monotonic

from app.compression import unpack
from app.errors import BodyTooLarge, Headers, RequestError, render
from app.handler import Request, Respond, Ticket
from app.metrics import Metrics
from app.model import Model
from app.registry import Registry

log = logging.getLogger("slipway.endpoint")


@dataclass(frozen=True)
class Serving:
    """What an endpoint needs of the process; make it on the event loop that serves."""

    registry: Registry
    metrics: Metrics
    timeout_s: float  # that a request has, and the most that it may ask for
    max_body_bytes: int
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)


class Endpoint(ABC):
    """A `app.handler.Handler` over the registry."""

    def __init__(self, serving: Serving) -> None:
        self.max_body_bytes = serving.max_body_bytes
        self._registry = serving.registry
        self._metrics = serving.metrics
        self._timeout_s = serving.timeout_s
        self._loop = serving.loop

    @abstractmethod
    def find(self, request: Request) -> Model:
        """Return who answers; raises any `RequestError`."""

    @abstractmethod
    def submit(self, model: Model, request: Request, body: bytes, started: float, respond: Respond) -> Ticket:
        """Decode `body` (unpacked) and queue it; raises any `RequestError`.

        `started`, on `time.monotonic` in seconds, is when the request was whole.
        """

    def handle(self, request: Request, respond: Respond) -> Ticket | None:
        """Answer `request` through `respond`; see `app.handler.Handler`."""
        started = monotonic()
        model = None
        try:
            model = self.find(request)
            body = request.body
            if request.content_encoding:
                body = unpack(body, request.content_encoding, self.max_body_bytes)
            return self.submit(model, request, body, started, respond)
        except RequestError as error:
            self._refuse(model, error, respond)
        except Exception as error:
            log.exception("A request failed.")
            self._refuse(model, error, respond)
        return None

    def refuse(self, received_bytes: int) -> tuple[int, bytes, Headers]:
        """See `app.handler.Handler`."""
        self._metrics.refused(None, BodyTooLarge.status)
        limit = self.max_body_bytes
        return render(
            BodyTooLarge(f"Invalid body: expected at most {limit} bytes. Received: {received_bytes} or more.")
        )

    def deadline(self, started: float, timeout_s: float | None = None) -> float:
        """Return when an answer is of no use any more: after what the caller asks for, within the limit."""
        return started + (self._timeout_s if timeout_s is None else min(timeout_s, self._timeout_s))

    def admit(self, model: Model, body: bytes) -> None:
        """Refuse before the work of reading a body what the queue would refuse after it."""
        if model.batcher.crowded:
            model.batcher.admit(1, len(body), self._timeout_s)

    def _refuse(self, model: Model | None, error: Exception, respond: Respond) -> None:
        """Count it, and answer in the next turn of the loop.

        A client that is answered at once sends again at once, and libuv reads a socket up to 32 times in a row: a flood
        of refusals would keep the loop from the runs that others wait for.
        """
        status, body, headers = render(error)
        if model is None:
            self._metrics.refused(None, status)
        else:
            model.metrics.refused(status)
        self._loop.call_soon(respond, status, body, headers)
