"""`POST /predict`: bytes -> decode -> submit -> encode -> bytes, with a call-back for the answer.

    find the model ─> read the rows ─> submit a Prediction ─> … ─> Prediction.resolve ─> respond(200, …)

It knows no transport: the doors (`app.transport.asgi`, `app.transport.fast_path`) bring the bytes and take the answer.
"""

from collections.abc import Generator
from functools import partial
from time import monotonic
from urllib.parse import parse_qsl

from app.batching.work import Work
from app.codecs.chunks import read_rows
from app.errors import InvalidInput, RequestError, UnsupportedMedia, render
from app.features.rows import Rows
from app.http.handler import Head, Respond
from app.protocols.endpoint import Endpoint
from app.runtime.model import Model

JSON = b"application/json"
PROTOCOL = "predict"
QUERY = ("model", "version")


class Prediction(Work):
    """A request on its way through the batcher."""

    __slots__ = ("model", "respond", "started")

    model: Model
    started: float
    respond: Respond

    def resolve(self, answers: list[bytes]) -> None:
        model = self.model
        body = model.body(answers)
        model.metrics.calls[PROTOCOL].answered(monotonic() - self.started)
        self.respond(200, body, model.headers)

    def reject(self, error: RequestError) -> None:
        self.model.metrics.calls[PROTOCOL].refused(error)
        self.respond(*render(error))

    @property
    def quick(self) -> bool:
        return self.model.batcher.quick

    def cancel(self) -> None:
        if not self.done:
            self.model.metrics.calls[PROTOCOL].left()
        self.model.batcher.cancel(self)


class Predict(Endpoint[Rows]):
    """The handler of `POST /predict`."""

    protocol = PROTOCOL
    route = "/predict"

    def find(self, head: Head) -> Model:
        if head.content_type != JSON and head.content_type:
            _check_type(head.content_type)
        if not head.query and self._registry.sole is not None:
            return self._registry.sole
        name, version = _parse_query(head.query) if head.query else (None, None)
        model = self._registry.find(name, version)
        if version is None and self._registry.traffic is not None:
            return self._registry.traffic.choose(model, head)
        return model

    def read(self, model: Model, head: Head, body: bytes) -> Rows:
        return (model.reader or model.row_reader).decode(body)

    def read_in_steps(self, model: Model, head: Head, body: bytes) -> Generator[None, None, Rows]:
        return read_rows(body, model.max_request_rows, partial(self.read, model, head), len, Rows.join)

    def submit(
        self, model: Model, head: Head, content: Rows, body: bytes, started: float, respond: Respond
    ) -> Prediction:
        deadline = self.deadline(head, started) if head.timeout else started + self._timeout_s
        if self._registry.traffic is not None:
            respond = self._registry.traffic.mirror(model, body, respond)
        decoded = monotonic()
        model.metrics.decoded(decoded - started)
        prediction = Prediction(content, decoded, deadline, None, len(body))  # type: ignore[arg-type]  # length and slices
        prediction.model = model
        prediction.started = started
        prediction.respond = respond
        model.batcher.submit(prediction)
        return prediction


def _check_type(content_type: bytes) -> None:
    if content_type.partition(b";")[0].strip().lower() != JSON:
        received = content_type[:80].decode("latin-1")
        raise UnsupportedMedia(("content-type",), "application/json", received)


def _parse_query(query: bytes) -> tuple[str | None, int | None]:
    """Read `model` and `version` from the query; a misspelt name must not fall back to the default model."""
    values = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    for key in values:
        if key not in QUERY:
            raise InvalidInput((), f"only {', '.join(QUERY)}", f"`{key[:80]}`", noun="query")
    version = values.get("version")
    if version is not None and not (version.isascii() and version.isdigit() and len(version) < 19):
        raise InvalidInput(("version",), "a positive integer", f"`{version[:80]}`")
    return values.get("model"), None if version is None else int(version)
