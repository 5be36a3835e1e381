"""Signatures: is a version what the holder of a key signed, every file of it and no other?

    PublicKey                  the path of a key in the settings; one that cannot be used is refused there
    signed(folder, path)       model.sig ─> whose is it? ─> {file: sha256} ─> are those the files that lie there?
    check_hashes(folder, …)    and is each what was signed?
    complete(folder, path)     are all files of a bundle there, and what they should be?

Who may sign is decided by one key alone: no clock, no network, no certificate (docs/decisions/0010-signatures.md).
`cryptography` does the arithmetic, and is imported by who verifies. The form is in `app.bundle.signature_format`.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from app.bundle import sealed_file as held
from app.bundle import signature_format as form
from app.bundle.reader import SIGNATURE, read
from app.errors import BundleError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey

SIGNATURE_MAX_BYTES = 4 * 1024 * 1024  # some ten thousand files
KEY_MAX_BYTES = 64 * 1024
HASHES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}  # by the curves that the form knows
CURVES = "P-256, P-384 or P-521"
HOW_TO_INSTALL = (
    "expected the extra `signing` to be installed: python -m pip install --require-hashes "
    "-r requirements/signing.lock (or `pip install '.[signing]'`)"
)

_T = TypeVar("_T")


def load_key(path: Path) -> "EllipticCurvePublicKey":
    """Read a public key; raises `ValueError`, saying what was expected; also where the extra is missing."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only who verifies has it
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ValueError(HOW_TO_INSTALL) from error
    expected = f"expected a public key (PEM) of the curve {CURVES}"
    try:
        content = held.content(path, KEY_MAX_BYTES)
    except BundleError as error:
        raise ValueError(f"{expected}, but {str(error).rstrip('.')}") from error
    if b"PRIVATE KEY" in content:
        how = f"openssl ec -in {path} -pubout"
        raise ValueError(f"{expected}, not the private one, which is for who signs; `{how}` shows its public key")
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"{expected}, but the file holds none") from error
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in HASHES:
        raise ValueError(f"{expected}, but it is of another kind")
    return key


def _usable(path: Path) -> Path:
    try:
        load_key(path)
    except ValueError as error:
        raise PydanticCustomError("verify_key", "{why}", {"why": str(error)}) from error
    return path


PublicKey = Annotated[Path, AfterValidator(_usable)]


def fingerprint(key: "EllipticCurvePublicKey") -> str:
    """Return the sha256 of a public key in PEM, by which signatures name it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return hashlib.sha256(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def ecdsa(key: "EllipticCurvePublicKey") -> "ECDSA":
    """Return the algorithm that goes with a key's curve."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415

    return ECDSA(getattr(hashes, HASHES[key.curve.name])())


def signed(folder: Path, key_path: Path) -> dict[str, str]:
    """Return the files that the holder of the key signed, with their sha256; their names are those in `folder`.

    Whether each still has its hash is for the caller to see: `app.bundle.reader.read`, or `check_hashes`.
    Raises `BundleError` when there is no signature, it is another's, or it is not about just these files.
    """
    path = folder / SIGNATURE
    try:
        key = load_key(key_path)
    except ValueError as error:
        raise BundleError(f"{key_path}: {error}.") from error
    expected = f"{path}: expected a signature by the key of {key_path}"
    if not path.exists():
        raise BundleError(f"{expected}. Received: none.")
    signature = _decode(path, held.content(path, SIGNATURE_MAX_BYTES), form.Signature)
    _compare(path, form.BUNDLE_TYPE, signature.media_type)
    _compare(path, form.PAYLOAD_TYPE, signature.dsse_envelope.payload_type)
    if not _is_by(key, signature.dsse_envelope):
        hint = signature.verification_material.public_key.hint
        which = f" It names the key {hint[:64]!r}." if hint and hint != fingerprint(key) else ""
        raise BundleError(f"{expected}. Received: another one.{which}")
    files = _files(path, signature.dsse_envelope.payload)
    _check_names(folder, files)
    return files


def check_hashes(folder: Path, files: Mapping[str, str], trusted: Collection[str] = ()) -> None:
    """Raise `BundleError` for the first file that has not the sha256 that was signed; `trusted` ones are not hashed."""
    for name, expected in files.items():
        if name not in trusted:
            check_hash(folder / name, expected, held.sha256(folder / name))


def check_hash(path: Path, expected: str, found: str) -> None:
    """Compare a hash with the one that was signed; raises `BundleError` when they differ."""
    if found != expected:
        raise BundleError(f"{path}: expected sha256 {expected}, as it was signed. Received: {found}.")


def _is_by(key: "EllipticCurvePublicKey", envelope: form.Envelope) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        key.verify(envelope.signatures[0].sig, form.to_be_signed(envelope.payload), ecdsa(key))
    except InvalidSignature:
        return False
    return True


def _files(path: Path, payload: bytes) -> dict[str, str]:
    """Read what was signed. Whoever did it is trusted, but may have meant something that nobody checks here."""
    statement = _decode(path, payload, form.Statement)
    predicate = statement.predicate
    _compare(path, form.STATEMENT_TYPE, statement.kind)
    _compare(path, form.PREDICATE_TYPE, statement.predicate_type)
    _compare(path, "files", predicate.serialization.method)
    for algorithm in {predicate.serialization.hash_type, *[resource.algorithm for resource in predicate.resources]}:
        _compare(path, form.HASH, algorithm)
    _compare(path, form.root(predicate.resources), statement.subject[0].digest.get(form.HASH, ""))
    return {resource.name: resource.digest for resource in predicate.resources}


def _decode(path: Path, content: bytes, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(content, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        expected = "a signature of OpenSSF Model Signing by a key"
        raise BundleError(f"{path}: expected {expected}. Received: {error}.") from error


def _compare(path: Path, expected: str, received: str) -> None:
    if received != expected:
        raise BundleError(f"{path}: expected {expected!r}. Received: {received[:100]!r}.")


def _check_names(folder: Path, files: Mapping[str, str]) -> None:
    inner = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    try:
        found = set(_names(folder, "", inner))
    except OSError as error:
        raise BundleError(f"{folder}: cannot be read: {error.strerror}.") from error
    if more := sorted(found - files.keys()):
        raise BundleError(f"{folder / more[0]}: expected to be signed. Received: no such entry in {SIGNATURE}.")
    if less := sorted(files.keys() - found):
        raise BundleError(f"{folder / less[0]}: expected, because it was signed. Received: no such file.")


def _names(folder: Path, below: str, inner: Collection[str]) -> Iterator[str]:
    """Walk the folders that hold something signed; any other counts as a file, so that the walk has an end."""
    with os.scandir(folder / below) as entries:
        for entry in entries:
            if not below and (entry.name == SIGNATURE or entry.name.startswith("..")):  # those are a mount's own links
                continue
            name = f"{below}{entry.name}"
            if name in inner and entry.is_dir():
                yield from _names(folder, f"{name}/", inner)
            else:
                yield name


def complete(folder: Path, key_path: Path | None) -> bool:
    """Whether a bundle's files are what its manifest says, and signed where there is a key."""
    try:
        read(folder, None if key_path is None else signed(folder, key_path))
    except BundleError:
        return False
    return True
