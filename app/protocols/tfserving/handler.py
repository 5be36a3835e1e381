"""TensorFlow Serving's predict, classify and regress: a decode and an encode around the batcher.

    POST /v1/models/{name}[/versions/{version}|/labels/{label}]:{verb}
        find ─> Call ─> read the body by its verb ─> submit ─> … ─> write the outputs ─> respond

A large body is read in steps: `instances` some rows a step, `inputs` list by list.
It knows the paths; `predict` and `classify_regress` beside it know what a body means.
"""

import re
import sys
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from urllib.parse import unquote

from app.codecs.chunks import ROWS, Uneven, concatenate, read_rows
from app.codecs.json_lists import read_in_steps
from app.errors import InvalidInput, Response
from app.http.compression import pack
from app.http.handler import Handler, Head
from app.protocols.endpoint import Endpoint, Serving
from app.protocols.inference import instances_of, timed
from app.protocols.tfserving.body import Given, Read, Write
from app.protocols.tfserving.classify_regress import classify, regress
from app.protocols.tfserving.predict import columns_of, json_of, predict, write_columns, write_rows
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
Content = tuple[Given, Write]  # what a body holds, and how to answer


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


def _checked(model: Model, content: Content) -> tuple[Tensors, Write]:
    given, write = content
    if write is write_rows and not model.signature.batched:
        write = partial(write_rows, asked=_count(content))
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


def read_body_in_steps(read: Read, model: Model, body: bytes) -> Generator[None, None, Content]:
    """Read a body as `read` does, in more than one step where it can be cut; raises what `read` raises."""
    if read is predict and ROWS.match(body) is None and (columns := json_of(body)[1]):
        yield
        arrays = {}
        for spec, data, path in columns_of(model, columns):
            arrays[spec.name] = yield from read_in_steps(data, spec.datatype, path, b64=True)
        return arrays, write_columns
    rows_max = model.max_request_rows if model.signature.batched else sys.maxsize
    return (yield from read_rows(body, rows_max, partial(read, model), _count, _joined))


def _joined(parts: Sequence[Content]) -> Content:
    write = parts[0][1]
    rows = [given for given, _ in parts if isinstance(given, Tensors)]
    if len(rows) == len(parts):
        return Tensors.join(rows), write
    named = [given for given, _ in parts if not isinstance(given, Tensors)]
    if len(named) != len(parts):
        raise Uneven  # rows of tensors and rows of features in one body
    return {name: concatenate([part[name] for part in named]) for name in named[0]}, write


def _count(content: Content) -> int:
    given = content[0]
    return len(given) if isinstance(given, Tensors) else len(next(iter(given.values())))
