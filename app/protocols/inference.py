"""Tensors through the batcher: what the standard protocols share between their decode and their encode.

    submit(model, arrays, …, encode, finish)   check ─> rows and key ─> queue ─> … ─> encode ─> finish(answer or error)

It knows no protocol and no transport.
"""

import logging
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, Generic, TypeVar

from app.batching.work import Work
from app.errors import BodyTooLarge, ModelFailed, RequestError
from app.features.feature_set import FeatureSet
from app.runtime.model import Model
from app.telemetry.log_format import PRIVATE
from app.tensors import Array, Tensors

log = logging.getLogger("slipway.infer")

Answer = TypeVar("Answer")

Encode = Callable[[Tensors], Answer]
"""Writes the outputs as the protocol has them, on the event loop; raises any `RequestError` if they cannot be."""

Finish = Callable[[Answer | RequestError], None]
"""Called once, on the event loop, with what `encode` gave or the reason for none."""


class Inference(Work, Generic[Answer]):
    """A request of tensors on its way through the batcher; a `Ticket` to its door."""

    __slots__ = ("_calls", "_encode", "_finish", "model", "started")

    def __init__(
        self,
        model: Model,
        protocol: str,
        rows: tuple[Tensors, Hashable, int],
        times: tuple[float, float, float],
        encode: Encode[Answer],
        finish: Finish[Answer],
    ) -> None:
        tensors, key, size_bytes = rows
        started, submitted, deadline = times
        super().__init__(tensors, submitted, deadline, key, size_bytes)  # type: ignore[arg-type]  # length and slices
        self.model = model
        self._calls = model.metrics.calls[protocol]
        self.started = started
        self._encode = encode
        self._finish = finish

    def resolve(self, answers: Tensors) -> None:
        self.answers = [answers]  # type: ignore[list-item]  # as `rows`; `app.feedback.store` looks at them
        began = monotonic()
        try:
            answer = self._encode(answers)
        except RequestError as error:  # the outputs cannot be written, say because they are not finite
            self.reject(error)
            return
        except Exception:
            log.exception("An answer could not be written.", extra=PRIVATE)
            self.reject(ModelFailed("Internal error."))
            return
        ended = monotonic()
        self.model.metrics.encoded(ended - began)
        self._calls.answered(ended - self.started)
        self._finish(answer)

    def reject(self, error: RequestError) -> None:
        self._calls.refused(error)
        self._finish(error)

    def join(self, parts: list[Any]) -> Tensors:
        return Tensors.join(parts)

    @property
    def quick(self) -> bool:
        return self.model.batcher.quick

    def cancel(self) -> None:
        if not self.done:
            self._calls.left()
        self.model.batcher.cancel(self)


def _checked(features: FeatureSet, rows: Tensors) -> tuple[Tensors, Hashable]:
    """Bring tensors as callers send them to those of the graph."""
    arrays = features.from_wire(rows.arrays)
    return Tensors(arrays, len(rows)), tuple([array.shape[1:] for array in arrays.values()])


def submit(
    model: Model,
    arrays: dict[str, Array],
    *,
    protocol: str,
    times: tuple[float, float],
    size_bytes: int,
    encode: Encode[Answer],
    finish: Finish[Answer],
) -> Inference[Answer]:
    """Queue a request of tensors.

    Args:
        model: who answers.
        arrays: input name -> array of the input's dtype.
        protocol: under which it is counted.
        times: when the request's last byte came, and when its answer is of no use any more; on `time.monotonic`, in
            seconds.
        size_bytes: bytes that it weighs while it waits.
        encode: turns the outputs into an answer.
        finish: receives the answer, or the error.

    Raises:
        InvalidInput: when the arrays are not what the model takes.
        BodyTooLarge: when there are more rows than a request may have.
        Overloaded, ModelFailed: as `app.batching.queue.WorkQueue.admit`.
    """
    rows, key = model.signature.rows_of(arrays)
    if model.features is not None:
        rows, key = _checked(model.features, rows)
    if len(rows) > model.max_request_rows:
        raise BodyTooLarge((), f"at most {model.max_request_rows} rows", len(rows), noun="inputs")
    (started, deadline), now = times, monotonic()
    model.metrics.decoded(now - started)
    work = Inference(model, protocol, (rows, key, size_bytes), (started, now, deadline), encode, finish)
    model.batcher.submit(work)
    return work
