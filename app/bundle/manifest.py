"""`manifest.json`, format 2: what a bundle says of itself.

    read(data)    bytes ─> Manifest
    Manifest      features and answer by the keys of their types; tensors, files, and what people are told

Format 1 is read by `app.bundle.format1`, which gives the same object. It knows no type by name.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from app.answers import registry as answers
from app.answers.base import AnswerKeys
from app.features import registry as features
from app.features.base import Feature
from app.sources.rules import Rules
from app.tensors import BY_BUNDLE, TensorSpec

FORMAT = 2
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z"  # safe in a URL, a folder name and a metric label
FILE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z"  # a plain name: no separator, so no way out of the folder
CREATED_PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)\Z"
HASH_PATTERN = r"^[0-9a-f]{64}\Z"

Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
FileName = Annotated[str, msgspec.Meta(pattern=FILE_PATTERN)]
Size = Annotated[int, msgspec.Meta(ge=1)]


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output of the graph; a dimension of None may have any size, and the first one is the batch."""

    name: str
    dtype: str
    shape: tuple[Size | None, ...]

    @property
    def spec(self) -> TensorSpec:
        """The same in the service's own words; raises `ValueError` with the expectation that it does not meet."""
        if self.dtype not in BY_BUNDLE:
            known = ", ".join(BY_BUNDLE)
            raise ValueError(f"expected the dtype of `{self.name}`, one of {known}. Received: {self.dtype}")
        if not self.shape or self.shape[0] is not None:
            raise ValueError(f"expected `{self.name}` of shape [null, …]. Received: {list(self.shape)}")
        return TensorSpec(self.name, BY_BUNDLE[self.dtype], self.shape)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What a file beside the manifest must be."""

    sha256: Annotated[str, msgspec.Meta(pattern=HASH_PATTERN)]
    bytes: Annotated[int, msgspec.Meta(ge=0)]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What both formats say alike; keys that this version does not know are ignored."""

    format: int
    name: Name
    version: Annotated[int, msgspec.Meta(ge=1)]
    created: Annotated[str, msgspec.Meta(pattern=CREATED_PATTERN)]  # ISO 8601, UTC
    target: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    precision: str  # of the shipped graph: "fp32", "fp16" or "int8-static"
    # "keras", "fp32", "shipped", "baseline", … -> metric -> value, on the test split
    metrics: dict[str, dict[str, float]]
    libraries: dict[str, str]
    training: dict[str, Any]  # how to repeat it: command, options, seed, rows, data_sha256, …
    files: dict[FileName, File]
    reading: Rules | None = None  # how the data file was read, for further ones


class Manifest(Facts, frozen=True, kw_only=True):
    """A manifest; of format 1, what format 2 would say."""

    task: str
    features: tuple[Feature, ...]  # each of its type, in the order of the data file
    answer: AnswerKeys  # of its type

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The labels of a classifier."""
        found: tuple[str, ...] | None = getattr(self.answer, "labels", None)
        return found


class _Written(Facts, frozen=True, kw_only=True):
    """Format 2 with the keys of types unread."""

    task: str
    features: tuple[msgspec.Raw, ...]
    answer: msgspec.Raw


def read(data: bytes) -> Manifest:
    """Read a manifest of format 2; raises `ValueError` with the key, what was expected of it and what was found."""
    written = msgspec.json.decode(data, type=_Written)
    known = msgspec.structs.asdict(written)
    known["features"] = tuple([_keys(features.read, raw, f"features[{at}]") for at, raw in enumerate(written.features)])
    known["answer"] = _keys(answers.read, written.answer, "answer")
    return Manifest(**known)


def _keys(read_one: Callable[[msgspec.Raw], Any], raw: msgspec.Raw, where: str) -> Any:
    try:
        return read_one(raw)
    except ValueError as error:
        raise ValueError(f"`{where}`: {error}") from error
