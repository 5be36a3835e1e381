"""What the bodies of predict, classify and regress share. It knows neither verbs nor models."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from app.errors import InvalidInput
from app.features.json_errors import decode
from app.features.rows import Rows
from app.runtime.model import Model
from app.tensors import Array, Tensors

SIGNATURES = ("", "serving_default")  # a graph has one

# Outputs -> the body of the answer; raises a `RequestError` for outputs that cannot be written.
Write = Callable[[Mapping[str, Array]], bytes]
# What a body holds: tensors as callers send them, or named rows, which have been read and are checked already.
Given = dict[str, Array] | Tensors
# A model and a body -> what it holds, and how to answer; raises any `RequestError`.
Read = Callable[[Model, bytes], tuple[Given, Write]]


class Body(msgspec.Struct):
    """A request; further keys are ignored, as TensorFlow Serving does."""

    signature_name: str = ""


SomeBody = TypeVar("SomeBody", bound=Body)


def parse(decoder: "msgspec.json.Decoder[SomeBody]", body: bytes) -> SomeBody:
    """Read a body; raises `InvalidInput` if it is not what `decoder` takes, or names a signature that there is not."""
    parsed = decode(decoder, body)
    if parsed.signature_name not in SIGNATURES:
        received = parsed.signature_name[:80]
        raise InvalidInput(("signature_name",), "serving_default", f"`{received}`")
    return parsed


def tensors_of(rows: Rows) -> Tensors:
    """Return named rows as tensors: their answers are not written as those of `/predict` are."""
    return Tensors(rows.arrays(), len(rows))


def literal(text: str) -> bytes:
    """Write a text as JSON for a byte template."""
    return msgspec.json.encode(text).replace(b"%", b"%%")
