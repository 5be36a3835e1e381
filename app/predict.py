"""`POST /predict`: bytes -> decode -> submit -> encode -> bytes, with a call-back for the answer.

    Predict.handle(request, respond)
        find the model ─> decode the rows ─> submit a Prediction ─> … ─> Prediction.resolve ─> respond(200, …)
        any RequestError on the way                                                       ─> respond(4xx or 5xx, …)

It knows no transport: the doors (`app.doors`) bring the bytes and take the answer.
"""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic
from urllib.parse import parse_qsl

from app.batcher import Work
from app.errors import BodyTooLarge, Headers, InvalidInput, RequestError, UnsupportedMedia, render
from app.handler import Request, Respond
from app.metrics import Metrics
from app.model import Model
from app.registry import Registry
from app.schema import Row

log = logging.getLogger("slipway.predict")

JSON = b"application/json"
QUERY = ("model", "version")


class Prediction(Work):
    """A request on its way through the batcher."""

    __slots__ = ("_model", "_respond", "_started")

    def __init__(
        self, model: Model, rows: Sequence[Row], size_bytes: int, times: tuple[float, float, float], respond: Respond
    ) -> None:
        started, submitted, deadline = times
        super().__init__(rows, submitted, deadline, None, size_bytes)
        self._model = model
        self._started = started
        self._respond = respond

    def resolve(self, answers: list[bytes]) -> None:
        body = self._model.body(answers)
        self._model.metrics.answered(monotonic() - self._started)
        self._respond(200, body, ())

    def reject(self, error: RequestError) -> None:
        self._model.metrics.refused(error.status)
        self._respond(*render(error))

    @property
    def quick(self) -> bool:
        return self._model.batcher.quick

    def cancel(self) -> None:
        self._model.batcher.cancel(self)


class Predict:
    """The handler of `POST /predict`.

    Args:
        registry: finds the model.
        metrics: counts what happens.
        timeout_s: seconds that a request has.
        max_body_bytes: bytes that a door may collect for it.
    """

    def __init__(self, registry: Registry, metrics: Metrics, timeout_s: float, max_body_bytes: int) -> None:
        self.max_body_bytes = max_body_bytes
        self._registry = registry
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()

    def handle(self, request: Request, respond: Respond) -> Prediction | None:
        """Answer `request` through `respond`; see `app.handler.Handler`."""
        started = monotonic()
        model = None
        try:
            model = self._find(request)
            return self._submit(model, request, started, respond)
        except RequestError as error:
            self._metrics.refused(model, error.status)
            self._refuse(error, respond)
        except Exception as error:
            log.exception("A prediction request failed.")
            self._metrics.refused(model, 500)
            self._refuse(error, respond)
        return None

    def _refuse(self, error: Exception, respond: Respond) -> None:
        """Answer in the next turn of the loop.

        A client that is answered at once sends again at once, and libuv reads a socket up to 32 times in a row: a flood
        of refusals would keep the loop from the runs that others wait for.
        """
        self._loop.call_soon(respond, *render(error))

    def refuse(self, received_bytes: int) -> tuple[int, bytes, Headers]:
        """See `app.handler.Handler`."""
        self._metrics.refused(None, BodyTooLarge.status)
        limit = self.max_body_bytes
        return render(
            BodyTooLarge(f"Invalid body: expected at most {limit} bytes. Received: {received_bytes} or more.")
        )

    def _submit(self, model: Model, request: Request, started: float, respond: Respond) -> Prediction:
        if model.batcher.crowded:
            model.batcher.admit(1, len(request.body), self._timeout_s)  # before the work of reading it
        rows = model.schema.decode(request.body)
        decoded = monotonic()
        model.metrics.decoded(decoded - started)
        times = (started, decoded, started + self._timeout_s)
        prediction = Prediction(model, rows, len(request.body), times, respond)
        model.batcher.submit(prediction)
        return prediction

    def _find(self, request: Request) -> Model:
        if request.content_type != JSON and request.content_type:
            _check_type(request.content_type)
        if not request.query:
            return self._registry.find()
        return self._registry.find(*_parse_query(request.query))


def _check_type(content_type: bytes) -> None:
    if content_type.partition(b";")[0].strip().lower() != JSON:
        received = content_type[:80].decode("latin-1")
        raise UnsupportedMedia(f"Invalid `content-type`: expected application/json. Received: {received}.")


def _parse_query(query: bytes) -> tuple[str | None, int | None]:
    """Read `model` and `version` from the query; a misspelt name must not fall back to the default model."""
    values = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    for key in values:
        if key not in QUERY:
            raise InvalidInput(f"Invalid query: expected only {', '.join(QUERY)}. Received: `{key[:80]}`.")
    version = values.get("version")
    if version is not None and not (version.isascii() and version.isdigit() and len(version) < 19):
        raise InvalidInput(f"Invalid `version`: expected a positive integer. Received: `{version[:80]}`.")
    return values.get("model"), None if version is None else int(version)
