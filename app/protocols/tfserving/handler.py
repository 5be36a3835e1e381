"""TensorFlow Serving's predict, classify and regress: a decode and an encode around the batcher.

    POST /v1/models/{name}[/versions/{version}|/labels/{label}]:{verb}
        find ─> Call ─> read the body by its verb ─> submit ─> … ─> write the outputs ─> respond

It knows the paths; `predict` and `classify_regress` beside it know what a body means.
"""

import re
from collections.abc import Generator, Mapping
from urllib.parse import unquote

from app.errors import InvalidInput, Response
from app.http.compression import pack
from app.http.handler import Handler, Head
from app.protocols.endpoint import Endpoint, Serving
from app.protocols.inference import instances_of, timed
from app.protocols.tfserving.body import Given, Read, Write
from app.protocols.tfserving.classify_regress import classify, regress
from app.protocols.tfserving.predict import predict
from app.protocols.tfserving.predict_incremental import read_body_in_steps
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.tensors import Tensors

PREFIX = "/"  # the fixed words of a path may be in any case, so that its beginning says nothing: the last family to ask

VERBS: dict[str, Read] = {"predict": predict, "classify": classify, "regress": regress}
PARTS = {"name": "[^/:]+", "version": "[0-9]{1,18}", "label": "[^/:]+"}
ANY_CASE = re.IGNORECASE | re.ASCII
MODEL = "/v1/models/(?P<name>{name})(?:/versions/(?P<version>{version})|/labels/(?P<label>{label}))?".format_map(PARTS)
CALL = re.compile(f"{MODEL}:(?P<verb>{'|'.join(VERBS)})", ANY_CASE)
CHOICES = ("version", "label")
ROUTE = "/v1/models/{{name}}{chosen}:{verb}"
Labels = Mapping[str, Mapping[str, int]]  # model -> label -> version


class TensorFlowServing:
    """Finds the handler of `POST /v1/models/{name}[/versions/{version}|/labels/{label}]:{verb}`."""

    def __init__(self, serving: Serving, labels: Labels) -> None:
        self._serving = serving
        self._labels = labels

    def find(self, path: bytes) -> Handler | None:
        """Return the handler of a raw path, or None when it is not one of these routes."""
        call = CALL.fullmatch(unquote(path))
        return None if call is None else Call(self._serving, self._labels, call.groupdict())


class Call(Endpoint[Write]):
    """The handler of one path; `parts` are its own, as in `CALL`."""

    protocol = "tensorflow-serving"
    route = "/v1/models/{name}"

    def __init__(self, serving: Serving, labels: Labels, parts: Mapping[str, str]) -> None:
        verb = parts["verb"].lower()
        self.route = ROUTE.format(chosen=next((f"/{key}s/{{{key}}}" for key in CHOICES if parts[key]), ""), verb=verb)
        super().__init__(serving)
        self._labels = labels
        self._parts = parts
        self._read = VERBS[verb]

    def find(self, head: Head) -> Model:
        return self._registry.find(self._parts["name"], version_of(self._parts, self._labels))

    def read(self, model: Model, head: Head, body: bytes) -> tuple[Tensors, Write]:
        return _checked(model, self._read(model, body))

    def read_in_steps(self, model: Model, head: Head, body: bytes) -> Generator[None, None, tuple[Tensors, Write]]:
        return _checked(model, (yield from read_body_in_steps(self._read, model, body)))

    def write(self, model: Model, head: Head, asked: Write, answer: Answer) -> Response:
        accepted = head.header(b"accept-encoding")
        body, packing = timed(model, lambda: pack(asked(answer.outputs), accepted))
        return 200, body, model.headers + packing


def _checked(model: Model, content: tuple[Given, Write]) -> tuple[Tensors, Write]:
    given, write = content
    return given if isinstance(given, Tensors) else instances_of(model, given), write


def version_of(parts: Mapping[str, str | None], labels: Labels) -> int | None:
    """Return the version that a path asks for, None for the newest; raises `InvalidInput` for an unknown label."""
    label, version = parts.get("label"), parts.get("version")
    if label is None:
        return None if version is None else int(version)
    known = labels.get(parts["name"] or "", {})
    if label not in known:
        raise InvalidInput((), f"one of {', '.join(known) or 'none'}", f"`{label[:80]}`", noun="label")
    return known[label]
