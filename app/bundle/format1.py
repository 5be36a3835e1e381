"""Bundle format 1, which is read and never written: tables of numbers, booleans and strings.

    {"kind": "table", "features": [{"type": "string", …}], "labels": […]}  ─>  what format 2 would say

Numbers and booleans share the tensor `numeric` there, each with a column of its own; a date came as numbers, one for
each of its parts.
Converting the files would break their hashes, their signatures and the way back, so only the object is converted.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec.json import encode
from msgspec.structs import replace

from app.answers import registry as answers
from app.bundle.manifest import Facts, Manifest
from app.features import registry as features
from app.features.names import FeatureName

FORMAT = 1
TYPES = {"number": "number", "boolean": "boolean", "string": "category"}


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One named column of the input; `column` is its place in the second dimension of the input tensor `tensor`."""

    name: FeatureName
    type: Literal["number", "boolean", "string"]
    tensor: str
    column: Annotated[int, msgspec.Meta(ge=0)]
    optional: bool
    missing_share: float
    minimum: float | None = None  # numbers only
    maximum: float | None = None
    vocabulary: tuple[str, ...] | None = None  # strings only


class WrittenManifest(Facts, frozen=True, kw_only=True):
    """`manifest.json`."""

    kind: Literal["table"]
    task: Literal["binary", "multiclass", "regression"]
    features: tuple[Written, ...]
    labels: tuple[str, ...] | None  # in the order of the output's columns; None for regression


def read(data: bytes) -> Manifest:
    """Read a manifest of format 1 as what format 2 would say; raises `ValueError`."""
    written = msgspec.json.decode(data, type=WrittenManifest)
    if (written.labels is None) != (written.task == "regression"):
        raise ValueError(f"expected labels for classes, null for regression. Received: {written.labels}")
    known: dict[str, Any] = {field: getattr(written, field) for field in Facts.__struct_fields__}
    answer = {"type": "value"} if written.labels is None else {"type": "label", "labels": written.labels}
    return Manifest(
        **known,
        task=written.task,
        features=tuple([features.read(encode(replace(each, type=TYPES[each.type]))) for each in written.features]),
        answer=answers.read(encode(answer)),
    )
