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
from typing import Annotated, Any

import msgspec

from app.answers.base import AnswerType
from app.answers.registry import answer_of
from app.bundle import format1, limits
from app.bundle import manifest as format2
from app.bundle import profile as profiles
from app.bundle import sealed_file as held
from app.bundle.limits import GOLDEN_MAX_BYTES, MANIFEST_MAX_BYTES, PROFILE_MAX_BYTES, RTOL_MAX
from app.bundle.manifest import File, Manifest
from app.bundle.profile import Profile
from app.errors import BundleError
from app.features.base import Complete
from app.features.feature_set import FeatureSet
from app.printable import listed

MANIFEST = "manifest.json"
MODEL = "model.onnx"
GOLDEN = "golden.json"
PROFILE = "profile.json"
CARD = "card.md"
SIGNATURE = "model.sig"  # over all others, the manifest too, which therefore cannot list it; see app.bundle.signature
REQUIRED_FILES = (MODEL, GOLDEN, PROFILE, CARD)

MODEL_MAX_BYTES = 2**31 - 1  # no message of protobuf, as a graph is one, can be larger


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """`golden.json`: real rows of the test split and the answers that the trainer got for them."""

    instances: tuple[dict[str, Any], ...]  # what a caller would send
    outputs: dict[str, list[Any]]  # output tensor -> (rows, …) nested lists
    atol: float  # the absolute difference allowed between machines
    rtol: float


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """The same with its rows unread: each is decoded by itself, and other threads come between."""

    instances: tuple[msgspec.Raw, ...]
    outputs: dict[str, tuple[msgspec.Raw, ...]]
    atol: Annotated[float, msgspec.Meta(ge=0)]
    rtol: Annotated[float, msgspec.Meta(ge=0, le=RTOL_MAX)]


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """A folder whose manifest is valid and whose files are what the manifest says."""

    folder: Path
    manifest: Manifest
    sha256: str  # of the manifest, which has that of every other file
    features: FeatureSet
    answer: AnswerType
    golden: Golden
    profile: Profile | None = None  # None where nothing was profiled

    @property
    def model_path(self) -> Path:
        return self.folder / MODEL

    def content(self, name: str, max_bytes: int) -> bytes:
        """Read a listed file; raises `BundleError` when it is not what was verified, or larger than `max_bytes`."""
        return _verified(self.folder, self.manifest, name, max_bytes)

    def completed(self) -> Complete | None:
        """Return what completes the tensors of a run by files that features ask for; raises `BundleError` for these."""
        files: dict[str, bytes] = {}
        for name in self.features.files:
            files[name] = self.content(name, limits.FEATURE_FILE_MAX_BYTES)
            limits.check_values(self.folder / name, files[name], limits.FEATURE_FILE_VALUES_MAX)
        try:
            return self.features.completed_by(files)
        except ValueError as error:
            raise BundleError(f"{self.folder}: {error}.") from error

    def check_model(self, sha256: str) -> None:
        """Compare the hash of the graph that is being loaded; raises `BundleError` unless it is the manifest's."""
        _check_hash(self.model_path, self.manifest.files[MODEL].sha256, sha256)


def read(folder: Path, signed: Mapping[str, str] | None = None, trusted: Collection[str] = ()) -> Bundle:
    """Read and verify the bundle in `folder`, which is `…/<name>/<version>`; raises `BundleError` with what is wrong.

    `signed` is the sha256 of every file by name, as its signature has them; None where nobody asks for one. Those that
    are `trusted` are not hashed here, because the caller does it where it takes them.
    """
    content = held.content(folder / MANIFEST, MANIFEST_MAX_BYTES)
    limits.check_values(folder / MANIFEST, content)
    manifest = _manifest(folder / MANIFEST, content)
    limits.check_counts(folder / MANIFEST, manifest)
    digest = hashlib.sha256(content).hexdigest()
    if signed is not None:
        _check_signed(folder, manifest, digest, signed)
    _check_address(folder, manifest)
    features, answer = _composed(folder, manifest)
    _check_asked(folder, manifest, features.files)
    _check_files(folder, manifest, trusted)
    golden = _golden(folder, manifest)
    binned = _verified(folder, manifest, PROFILE, PROFILE_MAX_BYTES)
    limits.check_values(folder / PROFILE, binned)
    profile = profiles.read(binned, folder / PROFILE, features, answer)
    return Bundle(
        folder=folder,
        manifest=manifest,
        sha256=digest,
        features=features,
        answer=answer,
        golden=golden,
        profile=profile,
    )


def declared(folder: Path) -> bool:
    """Say whether a version has a manifest; raises `BundleError` when nobody may look."""
    try:
        return MANIFEST in {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise BundleError(f"{folder}: cannot be read: {error.strerror}.") from error


def versions(model_folder: Path) -> list[int]:
    """List the version folders (positive integers without leading zeros) of a model, oldest first.

    Raises `BundleError` for more than `VERSIONS_MAX`, and `OSError`.
    """
    found: list[int] = []
    with os.scandir(model_folder) as entries:
        for entry in entries:
            if re.fullmatch(r"[1-9][0-9]{0,17}", entry.name) and entry.is_dir():
                found.append(int(entry.name))
            if len(found) > limits.VERSIONS_MAX:
                raise BundleError(f"{model_folder}: expected at most {limits.VERSIONS_MAX} versions. Received: more.")
    return sorted(found)


sha256 = held.sha256


class _Parts(msgspec.Struct, frozen=True):
    """A manifest with what people are told of it unread."""

    format: int
    libraries: msgspec.Raw = msgspec.Raw()
    metrics: msgspec.Raw = msgspec.Raw()
    training: msgspec.Raw = msgspec.Raw()
    reading: msgspec.Raw = msgspec.Raw()


def _manifest(where: Path, content: bytes) -> Manifest:
    readers = {format2.FORMAT: format2.read, format1.FORMAT: format1.read}
    try:
        parts = msgspec.json.decode(content, type=_Parts)
        if parts.format not in readers:
            raise ValueError(f"expected format {format2.FORMAT} or {format1.FORMAT}. Received: {parts.format}")
        limits.check_parts(where, {name: bytes(getattr(parts, name)) for name in limits.PARTS_MAX})
        return readers[parts.format](content)
    except (ValueError, RecursionError) as error:  # a `msgspec.DecodeError` is one, too
        raise BundleError(f"{where}: {error}.") from error


def _golden(folder: Path, manifest: Manifest) -> Golden:
    where = folder / GOLDEN
    content = _verified(folder, manifest, GOLDEN, GOLDEN_MAX_BYTES)
    limits.check_values(where, content)
    try:
        written = msgspec.json.decode(content, type=_Written)
        _check_rows(where, manifest, written)
        return Golden(
            instances=tuple([msgspec.json.decode(row, type=dict[str, Any]) for row in written.instances]),
            outputs={name: [msgspec.json.decode(row) for row in rows] for name, rows in written.outputs.items()},
            atol=written.atol,
            rtol=written.rtol,
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{where}: {error}.") from error


def _check_rows(where: Path, manifest: Manifest, written: _Written) -> None:
    rows = len(written.instances)
    if not rows:
        raise BundleError(f"{where}: expected at least one row. Received: none.")
    if rows > limits.GOLDEN_MAX_ROWS:
        raise BundleError(f"{where}: expected at most {limits.GOLDEN_MAX_ROWS} rows. Received: {rows}.")
    for tensor in manifest.outputs:
        answers = written.outputs.get(tensor.name)
        if answers is None or len(answers) != rows:
            count = "none" if answers is None else len(answers)
            raise BundleError(f"{where}: expected {rows} answers for `{tensor.name}`. Received: {count}.")


def _check_address(folder: Path, manifest: Manifest) -> None:
    """A bundle answers to its folder's name; the manifest must agree, or metrics and logs would tell two stories."""
    place = folder.absolute()
    address, said = f"{place.parent.name}/{place.name}", f"{manifest.name}/{manifest.version}"
    if address != said:
        raise BundleError(f"{folder / MANIFEST}: expected name and version {address}, as the folder. Received: {said}.")


def _composed(folder: Path, manifest: Manifest) -> tuple[FeatureSet, AnswerType]:
    """Ask the types whether the tensors are what features feed and answers are made of."""
    try:
        features, answer = FeatureSet(manifest.features), answer_of(manifest.answer)
        wanted, found = list(features.inputs), [tensor.spec for tensor in manifest.inputs]
        if sorted(map(str, wanted)) != sorted(map(str, found)):
            raise ValueError(f"expected the inputs {listed(wanted)}, as its features feed. Received: {listed(found)}")
        answer.check_outputs([tensor.spec for tensor in manifest.outputs])
    except ValueError as error:
        raise BundleError(f"{folder / MANIFEST}: {error}.") from error
    return features, answer


def _check_signed(folder: Path, manifest: Manifest, sha256: str, signed: Mapping[str, str]) -> None:
    """The manifest is what was signed, and so is every hash in it."""
    for name, found in {MANIFEST: sha256, **{name: file.sha256 for name, file in manifest.files.items()}}.items():
        if signed.get(name) != found:
            expected = f"sha256 {signed[name]}, as it was signed" if name in signed else "to be signed"
            raise BundleError(f"{folder / name}: expected {expected}. Received: {found}.")


def _check_files(folder: Path, manifest: Manifest, trusted: Collection[str]) -> None:
    where = folder / MANIFEST
    if missing := [name for name in REQUIRED_FILES if name not in manifest.files]:
        raise BundleError(f"{where}: expected `files` to list {', '.join(missing)}. Received: no such entry.")
    if SIGNATURE in manifest.files:
        raise BundleError(f"{where}: expected `files` not to list {SIGNATURE}. Received: such an entry.")
    found = {entry.name for entry in folder.iterdir() if not entry.name.startswith("..")}  # as a mount's links do
    if unlisted := sorted(found - {MANIFEST, SIGNATURE, *manifest.files}):
        raise BundleError(f"{folder / unlisted[0]}: expected to be listed in {MANIFEST}. Received: no such entry.")
    for name, file in manifest.files.items():
        _check_size(folder / name, file)
        if name not in trusted and name not in (GOLDEN, PROFILE):  # which are hashed as they are read
            _check_hash(folder / name, file.sha256, sha256(folder / name))


def _check_asked(folder: Path, manifest: Manifest, names: Collection[str]) -> None:
    """Features ask for files; none is hashed that is too large to be read."""
    most = limits.FEATURE_FILE_MAX_BYTES
    for name in names:
        if name not in manifest.files:
            expected = f"`files` to list {name}, as its features ask"
            raise BundleError(f"{folder / MANIFEST}: expected {expected}. Received: no such entry.")
        if (size := manifest.files[name].bytes) > most:
            raise BundleError(f"{folder / name}: expected at most {most} bytes. Received: {size}.")


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
