"""`POST /predict`: the rows of a body, and the JSON of their answers.

    find the model ─> read the rows ─> … ─> write the answer, whose rows were written with those of the whole run

Requests whose query says `purpose=preview` go to `app.protocols.preview`, and so do those whose body asks for an
explanation (`app.protocols.explain`), once it is read.
It knows no transport: `app.transport.asgi` and `app.transport.fast_path` bring the bytes and take the answer.
"""

from collections.abc import Callable, Generator
from functools import partial
from urllib.parse import parse_qsl

from app.codecs.chunks import read_rows
from app.errors import InvalidInput, RequestError, Response, UnsupportedMedia
from app.features.rows import Rows
from app.http.handler import Head, Refusal, Respond, Ticket
from app.http.purpose import PREVIEW
from app.protocols import explain
from app.protocols.endpoint import LARGE_BYTES, Endpoint, Serving
from app.protocols.explain import Plan, plan_of
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.tensors import Instances

JSON = b"application/json"
QUERY = ("model", "version", "purpose")


class Predict(Endpoint[Plan | None]):
    """The handler of `POST /predict`; `previews` takes the requests that are no traffic."""

    protocol = "predict"
    route = "/predict"
    mirrored = True

    def __init__(self, serving: Serving, previews: "Predict | None" = None) -> None:
        super().__init__(serving)
        self._previews = previews or self

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

    def read(self, model: Model, head: Head, body: bytes) -> tuple[Rows, Plan | None]:
        rows = (model.reader or model.row_reader).decode(body)
        return rows, (None if type(rows) is Rows else plan_of(rows, model.max_request_rows))

    def read_in_steps(self, model: Model, head: Head, body: bytes) -> Generator[None, None, tuple[Rows, None]]:
        decode = partial(_plain, model.row_reader.decode)
        rows = yield from read_rows(body, model.max_request_rows, decode, len, Rows.join)
        return rows, None

    def submit(
        self,
        model: Model,
        head: Head,
        content: tuple[Instances, Plan | None],
        body: bytes,
        started: float,
        respond: Respond,
    ) -> Ticket:
        if content[1] is None:
            return super().submit(model, head, content, body, started, respond)
        try:
            return self._previews.submit(model, head, content, body, started, respond)
        except RequestError as error:  # counted as what it is
            self._previews._refuse(model, error, respond)
            return Refusal(model, started, crowded=False)

    def write(self, model: Model, head: Head, asked: Plan | None, answer: Answer) -> Response:
        return 200, model.body(answer) if asked is None else explain.body(model, asked, answer), model.headers


def _plain(decode: Callable[[bytes], Rows], body: bytes) -> Rows:
    """Read a part of a large body; raises `InvalidInput` where it asks for an explanation."""
    rows = decode(body)
    if type(rows) is not Rows:
        raise InvalidInput(("explain",), f"false in a body of more than {LARGE_BYTES} bytes", "true")
    return rows


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
