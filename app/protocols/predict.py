"""`POST /predict`: the rows of a body, and the JSON of their answers.

    find the model ─> read the rows ─> … ─> write the answer, whose rows were written with those of the whole run

Requests whose query says `purpose=preview` go to `app.protocols.preview`.
It knows no transport: `app.transport.asgi` and `app.transport.fast_path` bring the bytes and take the answer.
"""

from collections.abc import Generator
from urllib.parse import parse_qsl

from app.codecs.chunks import read_rows
from app.errors import InvalidInput, Response, UnsupportedMedia
from app.features.rows import Rows
from app.http.handler import Head
from app.http.purpose import PREVIEW
from app.protocols.endpoint import Endpoint
from app.runtime.answer import Answer
from app.runtime.model import Model

JSON = b"application/json"
QUERY = ("model", "version", "purpose")


class Predict(Endpoint[None]):
    """The handler of `POST /predict`."""

    protocol = "predict"
    route = "/predict"
    mirrored = True

    def find(self, head: Head) -> Model:
        if head.content_type != JSON and head.content_type:
            check_type(head.content_type)
        if not head.query and self._registry.sole is not None:
            return self._registry.sole
        name, version = parse_query(head.query) if head.query else (None, None)
        model = self._registry.find(name, version)
        if version is None and self._registry.traffic is not None:
            return self._registry.traffic.choose(model, head)
        return model

    def read(self, model: Model, head: Head, body: bytes) -> tuple[Rows, None]:
        return (model.reader or model.row_reader).decode(body), None

    def read_in_steps(self, model: Model, head: Head, body: bytes) -> Generator[None, None, tuple[Rows, None]]:
        rows = yield from read_rows(body, model.max_request_rows, model.row_reader.decode, len, Rows.join)
        return rows, None

    def write(self, model: Model, head: Head, asked: None, answer: Answer) -> Response:
        return 200, model.body(answer), model.headers


def check_type(content_type: bytes) -> None:
    """Refuse what is not said to be JSON; who says nothing means it."""
    if content_type and content_type.partition(b";")[0].strip().lower() != JSON:
        received = content_type[:80].decode("latin-1")
        raise UnsupportedMedia(("content-type",), "application/json", received)


def parse_query(query: bytes) -> tuple[str | None, int | None]:
    """Read `model` and `version` from the query; a misspelt name must not fall back to the default model."""
    values = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    for key in values:
        if key not in QUERY:
            raise InvalidInput((), f"only {', '.join(QUERY)}", f"`{key[:80]}`", noun="query")
    if (purpose := values.get("purpose", PREVIEW)) != PREVIEW:
        raise InvalidInput(("purpose",), f"`{PREVIEW}`, or nothing", f"`{purpose[:80]}`")
    version = values.get("version")
    if version is not None and not (version.isascii() and version.isdigit() and len(version) < 19):
        raise InvalidInput(("version",), "a positive integer", f"`{version[:80]}`")
    return values.get("model"), None if version is None else int(version)
