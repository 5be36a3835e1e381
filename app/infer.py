"""Tensors through the batcher: what the standard protocols share between their decode and their encode.

    submit(model, arrays, …, finish)   check ─> rows and key ─> queue ─> … ─> finish(outputs or an error)

It knows no protocol and no transport.
"""

import logging
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any

from app.batcher import Work
from app.errors import BodyTooLarge, ModelFailed, RequestError
from app.model import Model
from app.tensors import Array, Tensors

log = logging.getLogger("slipway.infer")

Finish = Callable[[Tensors | RequestError], None]
"""Called once, on the event loop, with the outputs or the reason for none; and, when it raises, once more with why."""


class Inference(Work):
    """A request of tensors on its way through the batcher; a `Ticket` to its door."""

    __slots__ = ("_finish", "_model", "_started")

    def __init__(
        self,
        model: Model,
        rows: Tensors,
        key: Hashable,
        times: tuple[float, float, float],
        size_bytes: int,
        finish: Finish,
    ) -> None:
        started, submitted, deadline = times
        super().__init__(rows, submitted, deadline, key, size_bytes)  # type: ignore[arg-type]  # length and slices
        self._model = model
        self._started = started
        self._finish = finish

    def resolve(self, answers: Tensors) -> None:
        try:
            self._finish(answers)
        except RequestError as error:  # the outputs cannot be written, say because they are not finite
            self.reject(error)
        except Exception:
            log.exception("An answer could not be written.")
            self.reject(ModelFailed("Internal error."))
        else:
            self._model.metrics.answered(monotonic() - self._started)

    def reject(self, error: RequestError) -> None:
        self._model.metrics.refused(error.status)
        self._finish(error)

    def join(self, parts: list[Any]) -> Tensors:
        return Tensors.join(parts)

    @property
    def quick(self) -> bool:
        return self._model.batcher.quick

    def cancel(self) -> None:
        self._model.batcher.cancel(self)


def submit(
    model: Model, arrays: dict[str, Array], *, started: float, deadline: float, size_bytes: int, finish: Finish
) -> Inference:
    """Queue a request of tensors.

    Args:
        model: who answers.
        arrays: input name -> array of the input's dtype.
        started: when the request's last byte came, on `time.monotonic`, in seconds.
        deadline: when its answer is of no use any more, likewise.
        size_bytes: bytes that it weighs while it waits.
        finish: receives the outputs, or the error.

    Raises:
        InvalidInput: when the arrays are not what the model takes.
        BodyTooLarge: when there are more rows than a request may have.
        Overloaded, ModelFailed: as `app.batcher.Batcher.admit`.
    """
    rows, key = model.signature.rows_of(arrays)
    if len(rows) > model.max_request_rows:
        raise BodyTooLarge(f"Invalid inputs: expected at most {model.max_request_rows} rows. Received: {len(rows)}.")
    if model.schema is not None:
        model.schema.check(rows.arrays)
    now = monotonic()
    model.metrics.decoded(now - started)
    work = Inference(model, rows, key, (started, now, deadline), size_bytes, finish)
    model.batcher.submit(work)
    return work
