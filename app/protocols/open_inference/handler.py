"""The Open Inference Protocol's infer route: a decode and an encode around the batcher.

    POST /v2/models/{name}[/versions/{version}]/infer
        find ─> Infer ─> read the body ─> submit ─> … ─> write the outputs ─> respond

It knows the paths; `request` and `response` beside it know what a body holds.
"""

import re
from collections.abc import Generator
from urllib.parse import unquote

from app.errors import InvalidInput, Response
from app.http.compression import pack
from app.http.handler import Handler, Head
from app.protocols.endpoint import Endpoint, Serving
from app.protocols.inference import instances_of, timed
from app.protocols.open_inference.request import Asked, read, read_in_steps
from app.protocols.open_inference.response import Writers
from app.runtime.answer import Answer
from app.runtime.model import Model
from app.tensors import Tensors

PREFIX = "/v2/models/"
INFER = re.compile(rb"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")
VERSION = re.compile(r"[1-9][0-9]{0,17}")  # as the folders are named
LENGTH_HEADER = b"inference-header-content-length"


class OpenInference:
    """Finds the handler of `POST /v2/models/{name}[/versions/{version}]/infer`."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._writers = Writers()

    def find(self, path: bytes) -> Handler | None:
        """Return the handler of a raw path, or None when it is not an infer route."""
        parts = INFER.fullmatch(path)
        if parts is None:
            return None
        name, version = parts.groups()
        return Infer(self._serving, self._writers, unquote(name), None if version is None else unquote(version))


class Infer(Endpoint[Asked]):
    """The handler of one path; `version` is as the path has it, None for the newest."""

    protocol = "open-inference"
    route = "/v2/models/{name}/infer"

    def __init__(self, serving: Serving, writers: Writers, name: str, version: str | None) -> None:
        if version is not None:
            self.route = "/v2/models/{name}/versions/{version}/infer"
        super().__init__(serving)
        self._writers = writers
        self._name = name
        self._version = version

    def find(self, head: Head) -> Model:
        return self._registry.find(self._name, version_of(self._version))

    def read(self, model: Model, head: Head, body: bytes) -> tuple[Tensors, Asked]:
        asked = read(model.signature, body, head.header(LENGTH_HEADER))
        return instances_of(model, asked.arrays), asked

    def read_in_steps(self, model: Model, head: Head, body: bytes) -> Generator[None, None, tuple[Tensors, Asked]]:
        length, rows_max = head.header(LENGTH_HEADER), model.max_request_rows
        asked = yield from read_in_steps(model.signature, body, length, rows_max)
        return instances_of(model, asked.arrays), asked

    def unmarked(self, head: Head, body: bytes) -> bytes:
        return body if head.header(LENGTH_HEADER) else super().unmarked(head, body)  # the length counts the mark

    def write(self, model: Model, head: Head, asked: Asked, answer: Answer) -> Response:
        body, headers = timed(model, lambda: self._writers.of(model).write(asked, answer.outputs))
        accepted = head.header(b"accept-encoding")
        if accepted:
            body, packing = pack(body, accepted)
            headers += packing
        return 200, body, model.headers + headers

    def timeout_s(self, asked: Asked) -> float | None:
        return asked.timeout_s


def version_of(text: str | None) -> int | None:
    """Return the version that a path asks for, None for the newest; raises `InvalidInput` for no positive integer."""
    if text is None:
        return None
    if VERSION.fullmatch(text) is None:
        raise InvalidInput((), "a positive integer", f"`{text[:80]}`", noun="version")
    return int(text)
