"""The form of a signature: that of OpenSSF Model Signing with a key pair.

    Signature     a Sigstore bundle (version 0.3 of its JSON) ─> a DSSE envelope ─> its payload, and who signed that
    Statement     the payload: an in-toto statement 1 with the predicate https://model_signing/signature/v1.0
    to_be_signed  the bytes that the signature is over

So `model_signing` verifies what is signed here, and the other way round. What the form allows beyond whole files, their
sha256 and one key is refused by who reads it. It knows nothing of files or keys.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from app.bundle.manifest import HASH_PATTERN

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
HASH = "sha256"


class KeyIdentifier(msgspec.Struct, frozen=True):
    """Which key is meant; nobody has signed this."""

    hint: str | None = None  # sha256 of the public key in PEM


class Material(msgspec.Struct, frozen=True, rename="camel"):
    """By what to verify."""

    public_key: KeyIdentifier
    tlog_entries: tuple[Any, ...] = ()


class Signed(msgspec.Struct, frozen=True):
    """One signature, in base64."""

    sig: bytes
    keyid: str = ""


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """What was signed, in base64, and by whom."""

    payload: bytes
    payload_type: str
    signatures: Annotated[tuple[Signed, ...], msgspec.Meta(min_length=1, max_length=1)]


class Signature(msgspec.Struct, frozen=True, rename="camel"):
    """The content of a signature's file."""

    media_type: str
    verification_material: Material
    dsse_envelope: Envelope


class Subject(msgspec.Struct, frozen=True):
    """What the statement is about: a name that binds nobody, and the hash of all hashes."""

    name: str
    digest: dict[str, str]


class Resource(msgspec.Struct, frozen=True):
    """A file: its path below the folder, with slashes, and its hash."""

    name: str
    digest: Annotated[str, msgspec.Meta(pattern=HASH_PATTERN)]
    algorithm: str = HASH


class Serialization(msgspec.Struct, frozen=True):
    """How the folder became a list of hashes."""

    method: str = "files"
    hash_type: str = HASH
    allow_symlinks: bool = False
    ignore_paths: tuple[str, ...] = ()


class Predicate(msgspec.Struct, frozen=True):
    """What is stated of the subject."""

    resources: tuple[Resource, ...]
    serialization: Serialization


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The payload."""

    kind: str = msgspec.field(name="_type", default=STATEMENT_TYPE)
    subject: Annotated[tuple[Subject, ...], msgspec.Meta(min_length=1, max_length=1)]
    predicate_type: str = msgspec.field(name="predicateType", default=PREDICATE_TYPE)
    predicate: Predicate


def to_be_signed(payload: bytes) -> bytes:
    """Return the bytes that a signature is over: DSSE's pre-authentication encoding, protocol 1.0.0."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def root(resources: Iterable[Resource]) -> str:
    """Hash all hashes, in the order of the statement."""
    return hashlib.sha256(b"".join([bytes.fromhex(resource.digest) for resource in resources])).hexdigest()
