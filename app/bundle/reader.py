"""The bundle: the contract between training and serving, on disk.

    read(folder)        manifest.json -> checked against its own rules and against every file's sha256 -> Bundle
    Bundle.content(…)   a file, checked once more as it is read

`docs/bundle.md` is the specification; this module is its only reader, used by the service and by training alike.
It knows nothing about ONNX Runtime: whether the graph loads and answers its golden rows is the engine's to say.
"""

import hashlib
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from app.bundle import profile as profiles
from app.bundle import sealed_file as held
from app.bundle.profile import Profile
from app.errors import BundleError

FORMAT = 1
MANIFEST = "manifest.json"
MODEL = "model.onnx"
GOLDEN = "golden.json"
PROFILE = "profile.json"
CARD = "card.md"
SIGNATURE = "model.sig"  # over all others, the manifest too, which therefore cannot list it; see app.bundle.signature
REQUIRED_FILES = (MODEL, GOLDEN, PROFILE, CARD)

MANIFEST_MAX_BYTES = 16 * 1024 * 1024  # a vocabulary of 100,000 words is about 2 MB
GOLDEN_MAX_BYTES = 64 * 1024 * 1024  # some thousand rows
PROFILE_MAX_BYTES = 16 * 1024 * 1024  # a thousand features with bins of thirty values are about 2 MB
MODEL_MAX_BYTES = 2**31 - 1  # no message of protobuf, as a graph is one, can be larger
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"  # safe in a URL, a folder name and a metric label
FILE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"  # a plain name: no separator, so no way out of the folder
FEATURE_PATTERN = r'^[^"\\\x00-\x1f]+$'  # what a JSON key can hold without escapes
CREATED_PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$"
HASH_PATTERN = r"^[0-9a-f]{64}$"

Kind = Literal["table"]
Task = Literal["binary", "multiclass", "regression"]
Dtype = Literal["float32", "string"]
FeatureType = Literal["number", "boolean", "string"]
Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
DTYPES: dict[FeatureType, Dtype] = {"number": "float32", "boolean": "float32", "string": "string"}


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One named column of the input, in the order of the data file.

    `column` is its place in the second dimension of the input tensor `tensor`.
    `optional` says that a caller may leave it out or send null.
    """

    name: Annotated[str, msgspec.Meta(max_length=1024, pattern=FEATURE_PATTERN)]
    type: FeatureType
    tensor: str
    column: Annotated[int, msgspec.Meta(ge=0)]
    optional: bool
    missing_share: float  # share of training rows without a value, 0 to 1
    minimum: float | None = None  # observed in the training split; numbers only
    maximum: float | None = None
    vocabulary: tuple[str, ...] | None = None  # the known values; strings only


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output of the graph; a dimension of None is the batch."""

    name: str
    dtype: Dtype
    shape: tuple[int | None, ...]  # (None, columns)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What a file beside the manifest must be."""

    sha256: Annotated[str, msgspec.Meta(pattern=HASH_PATTERN)]
    bytes: Annotated[int, msgspec.Meta(ge=0)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`; keys that this version does not know are ignored."""

    format: int
    name: Name
    version: Annotated[int, msgspec.Meta(ge=1)]
    kind: Kind
    task: Task
    created: Annotated[str, msgspec.Meta(pattern=CREATED_PATTERN)]  # ISO 8601, UTC
    target: str
    features: tuple[Feature, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    labels: tuple[str, ...] | None  # in the order of the output's columns; None for regression
    precision: str  # of the shipped graph: "fp32", "fp16" or "int8-static"
    metrics: dict[
        str, dict[str, float]
    ]  # "keras", "fp32", "shipped", "baseline", … -> metric -> value, on the test split
    libraries: dict[str, str]
    training: dict[str, Any]  # how to repeat it: command, seed, rows, data_sha256, …
    files: dict[Annotated[str, msgspec.Meta(pattern=FILE_PATTERN)], File]


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """`golden.json`: real rows of the test split and the answers that the trainer got for them."""

    instances: tuple[dict[str, Any], ...]
    outputs: dict[str, list[Any]]  # output tensor -> (rows, columns) nested lists
    atol: Annotated[float, msgspec.Meta(ge=0)]  # the absolute difference allowed between machines
    rtol: Annotated[float, msgspec.Meta(ge=0)]


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A folder whose manifest is valid and whose files are what the manifest says."""

    folder: Path
    manifest: Manifest
    golden: Golden
    profile: Profile | None = None  # None where nothing was profiled

    @property
    def model_path(self) -> Path:
        return self.folder / MODEL

    def content(self, name: str, max_bytes: int) -> bytes:
        """Read a file that the manifest lists.

        Raises:
            BundleError: when it is no longer what was verified, or larger than `max_bytes`.
        """
        return _verified(self.folder, self.manifest, name, max_bytes)

    def check_model(self, sha256: str) -> None:
        """Compare the hash of the graph that is about to be loaded.

        Raises:
            BundleError: when it is not the manifest's.
        """
        _check_hash(self.model_path, self.manifest.files[MODEL].sha256, sha256)


def read(folder: Path, signed: Mapping[str, str] | None = None, trusted: Collection[str] = ()) -> Bundle:
    """Read and verify the bundle in `folder`, which is `…/<name>/<version>`.

    Args:
        folder: where it lies.
        signed: name -> sha256 of every file that its signature names; None where nobody asks for one.
        trusted: files that are not hashed here, because the caller does it where it takes them.

    Raises:
        BundleError: naming the file, what was expected of it and what was found.
    """
    content = held.content(folder / MANIFEST, MANIFEST_MAX_BYTES)
    manifest = _decode(folder / MANIFEST, content, Manifest)
    if signed is not None:
        _check_signed(folder, manifest, hashlib.sha256(content).hexdigest(), signed)
    _check_format(folder, manifest)
    _check_address(folder, manifest)
    _check_tensors(folder, manifest)
    _check_answer(folder, manifest)
    _check_files(folder, manifest, trusted)
    golden = _decode(folder / GOLDEN, _verified(folder, manifest, GOLDEN, GOLDEN_MAX_BYTES), Golden)
    _check_golden(folder, manifest, golden)
    profile = profiles.decode(_verified(folder, manifest, PROFILE, PROFILE_MAX_BYTES), folder / PROFILE)
    if profile is not None:
        strings = {feature.name: feature.type == "string" for feature in manifest.features}
        profiles.check(profile, folder / PROFILE, strings, manifest.labels)
    return Bundle(folder=folder, manifest=manifest, golden=golden, profile=profile)


def declared(folder: Path) -> bool:
    """Say whether a version has a manifest.

    Raises:
        BundleError: when nobody may look.
    """
    try:
        return MANIFEST in {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise BundleError(f"{folder}: cannot be read: {error.strerror}.") from error


def versions(model_folder: Path) -> list[int]:
    """List the version folders (positive integers without leading zeros) of a model, oldest first."""
    names = (entry.name for entry in model_folder.iterdir() if entry.is_dir())
    return sorted(int(name) for name in names if re.fullmatch(r"[1-9][0-9]{0,17}", name))


sha256 = held.sha256


_T = TypeVar("_T")


def _decode(path: Path, content: bytes, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(content, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{path}: {error}.") from error


def _check_format(folder: Path, manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise BundleError(f"{folder / MANIFEST}: expected format {FORMAT}. Received: {manifest.format}.")


def _check_address(folder: Path, manifest: Manifest) -> None:
    """A bundle answers to its folder's name; the manifest must agree, or metrics and logs would tell two stories."""
    place = folder.absolute()
    address, said = f"{place.parent.name}/{place.name}", f"{manifest.name}/{manifest.version}"
    if address != said:
        raise BundleError(f"{folder / MANIFEST}: expected name and version {address}, as the folder. Received: {said}.")


def _check_tensors(folder: Path, manifest: Manifest) -> None:
    """Tensors are (batch, columns), and each input column is fed by one feature that fits."""
    where = folder / MANIFEST
    for tensor in (*manifest.inputs, *manifest.outputs):
        if len(tensor.shape) != 2 or tensor.shape[0] is not None or not tensor.shape[1]:
            raise BundleError(f"{where}: expected `{tensor.name}` of shape [null, columns]. Received: {tensor.shape}.")
    fed = sorted((f.tensor, f.column, DTYPES[f.type]) for f in manifest.features)
    width = sum(tensor.shape[1] or 0 for tensor in manifest.inputs)  # before a list of so many is made
    if width != len(fed) or fed != sorted(_columns(manifest.inputs)):
        raise BundleError(
            f"{where}: expected each input column to be fed by one feature of its dtype. Received: {fed}."
        )
    names = [f.name for f in manifest.features]
    if len(names) != len(set(names)):
        raise BundleError(f"{where}: expected unique feature names. Received: {names}.")


def _columns(tensors: tuple[Tensor, ...]) -> list[tuple[str, int, Dtype]]:
    return [(tensor.name, column, tensor.dtype) for tensor in tensors for column in range(tensor.shape[1] or 0)]


def _check_answer(folder: Path, manifest: Manifest) -> None:
    """The first output is what the task says, and labels fit it."""
    regression = manifest.task == "regression"
    wanted = ("value", "float32") if regression else ("probabilities", "float32")
    found = [(tensor.name, tensor.dtype) for tensor in manifest.outputs[:1]]
    if found != [wanted]:
        raise BundleError(f"{folder / MANIFEST}: expected {wanted} as the first output. Received: {found}.")
    labels, width = manifest.labels, manifest.outputs[0].shape[1]
    if regression and (labels is not None or width != 1):
        raise BundleError(
            f"{folder / MANIFEST}: expected one column and null as labels. Received: {width} and {labels}."
        )
    if not regression and (labels is None or len(labels) != width):
        raise BundleError(
            f"{folder / MANIFEST}: expected {width} labels, one a column of the output. Received: {labels}."
        )


def _check_signed(folder: Path, manifest: Manifest, sha256: str, signed: Mapping[str, str]) -> None:
    """The manifest is what was signed, and so is every hash in it."""
    for name, found in {MANIFEST: sha256, **{name: file.sha256 for name, file in manifest.files.items()}}.items():
        if signed.get(name) != found:
            expected = f"sha256 {signed[name]}, as it was signed" if name in signed else "to be signed"
            raise BundleError(f"{folder / name}: expected {expected}. Received: {found}.")


def _check_files(folder: Path, manifest: Manifest, trusted: Collection[str]) -> None:
    missing = [name for name in REQUIRED_FILES if name not in manifest.files]
    if missing:
        raise BundleError(
            f"{folder / MANIFEST}: expected `files` to list {', '.join(missing)}. Received: no such entry."
        )
    if SIGNATURE in manifest.files:
        raise BundleError(f"{folder / MANIFEST}: expected `files` not to list {SIGNATURE}. Received: such an entry.")
    found = {
        entry.name for entry in folder.iterdir() if not entry.name.startswith("..")
    }  # those are a mount's own links
    unlisted = sorted(found - {MANIFEST, SIGNATURE, *manifest.files})
    if unlisted:
        raise BundleError(f"{folder / unlisted[0]}: expected to be listed in {MANIFEST}. Received: no such entry.")
    for name, file in manifest.files.items():
        _check_size(folder / name, file)
        if name not in trusted and name not in (GOLDEN, PROFILE):  # which are hashed as they are read
            _check_hash(folder / name, file.sha256, sha256(folder / name))


def _check_size(path: Path, file: File) -> None:
    with held.opened(path) as opened:
        size = os.fstat(opened.fileno()).st_size
    if size != file.bytes:
        raise BundleError(f"{path}: expected {file.bytes} bytes. Received: {size}.")


def _check_hash(path: Path, expected: str, found: str) -> None:
    if found != expected:
        raise BundleError(f"{path}: expected sha256 {expected}. Received: {found}.")


def _verified(folder: Path, manifest: Manifest, name: str, max_bytes: int) -> bytes:
    content = held.content(folder / name, max_bytes)
    _check_hash(folder / name, manifest.files[name].sha256, hashlib.sha256(content).hexdigest())
    return content


def _check_golden(folder: Path, manifest: Manifest, golden: Golden) -> None:
    rows = len(golden.instances)
    if not rows:
        raise BundleError(f"{folder / GOLDEN}: expected at least one row. Received: none.")
    for tensor in manifest.outputs:
        answers = golden.outputs.get(tensor.name)
        if answers is None or len(answers) != rows:
            count = "none" if answers is None else len(answers)
            raise BundleError(f"{folder / GOLDEN}: expected {rows} answers for `{tensor.name}`. Received: {count}.")
