"""A request on its way through the batcher, whichever protocol it came by.

    instances_of(model, arrays)     tensors of a protocol ─> checked, as the graph takes them
    timed(model, write)             writes an answer, and tells how long it took
    Inference                       queued ─> … ─> resolve(answer) ─> write ─> respond

It knows no protocol and no transport.
"""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol, TypeVar

from app.batching.work import Work
from app.errors import BodyTooLarge, ModelFailed, RequestError, Response, render
from app.http.handler import Head, Respond
from app.repository.traffic_split import Mirror
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.telemetry.log_format import PRIVATE
from app.tensors import Array, Tensors

log = logging.getLogger("slipway.infer")

Written = TypeVar("Written")


class Protocolled(Protocol):
    """What an `Inference` asks of the endpoint that it came by."""

    @property
    def protocol(self) -> str: ...  # under which requests are counted
    @property
    def write(self) -> Callable[[Model, Head, Any, Answer], Response]: ...  # raises any `RequestError` if it cannot


class Inference(Work, kw_only=True):
    """A request; a `Ticket` to its transport."""

    endpoint: Protocolled
    model: Model
    head: Head
    asked: Any  # what the request wants beside an answer, in the protocol's own form
    started: float
    respond: Respond
    mirror: Mirror | None = None  # told of the answer before the caller is
    answer: Answer | None = None  # once there is one

    def resolve(self, answer: Answer) -> None:
        self.answer = answer
        self.give(answer)

    def give(self, answer: Answer) -> None:
        """Write the answer, and hand it to the caller."""
        model = self.model
        try:
            response = self.endpoint.write(model, self.head, self.asked, answer)
        except RequestError as error:  # the outputs cannot be written, say because they are not finite
            self.reject(error)
            return
        except Exception:
            log.exception("An answer could not be written.", extra=PRIVATE)
            self.reject(ModelFailed("Internal error."))
            return
        model.metrics.calls[self.endpoint.protocol].answered(monotonic() - self.started)
        if self.mirror is not None:
            self.mirror(answer)
        self.respond(*response)

    def reject(self, error: RequestError) -> None:
        self.model.metrics.calls[self.endpoint.protocol].refused(error)
        self.respond(*render(error))

    def join(self, parts: list[Any]) -> Answer:
        return Answer.join(parts)

    @property
    def quick(self) -> bool:
        return self.model.batcher.quick

    def cancel(self) -> None:
        if not self.done:
            self.model.metrics.calls[self.endpoint.protocol].left()
        self.model.batcher.cancel(self)


def timed(model: Model, write: Callable[[], Written]) -> Written:
    """Write one answer, and tell how long it took; that of many rows is told by the run that wrote them at once."""
    began = monotonic()
    written = write()
    model.metrics.encoded(monotonic() - began)
    return written


def instances_of(model: Model, arrays: dict[str, Array]) -> Tensors:
    """Check a request's tensors, each by its input's name and of its dtype, as callers send them.

    Raises `InvalidInput` when the model does not take them, `BodyTooLarge` when a request may not have so many rows.
    """
    instances = model.signature.check(arrays)
    if len(instances) > model.max_request_rows:
        raise BodyTooLarge((), f"at most {model.max_request_rows} rows", len(instances), noun="inputs")
    if model.features is None:
        return instances
    return Tensors(model.features.from_wire(instances.arrays()), len(instances))
