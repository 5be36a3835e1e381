"""Signing: the files of a version ─> model.sig, as OpenSSF Model Signing has it.

The form, and who verifies it, are in `app.bundle.signature_format` and `app.bundle.signature`. It knows nothing of what
the files hold.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.bundle import sealed_file, signature, signature_format
from app.bundle.reader import SIGNATURE
from app.bundle.signature_format import Predicate, Resource, Serialization, Signed, Statement, Subject
from app.errors import BundleError
from training.errors import DataError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

PASSPHRASE = "SLIPWAY_SIGN_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
PASSPHRASE_HELP = f"Its passphrase, if it has one, is taken from {PASSPHRASE}."
UNFINISHED = f"..{SIGNATURE}"  # nobody looks at names that begin like this, so that nobody finds half of it


class Signer:
    """The holder of the private key in a file; a DataError says that it cannot be used, or is not opened."""

    def __init__(self, path: Path) -> None:
        self._key = _load(path)

    def sign(self, folder: Path) -> Path:
        """Sign all files below a folder, and return the signature's path; raise a DataError for a link, or no file."""
        payload = msgspec.json.encode(_statement(folder))
        public = self._key.public_key()
        by = Signed(self._key.sign(signature_format.to_be_signed(payload), signature.ecdsa(public)))
        hint = signature_format.KeyIdentifier(signature.fingerprint(public))
        made = signature_format.Signature(
            media_type=signature_format.BUNDLE_TYPE,
            verification_material=signature_format.Material(hint),
            dsse_envelope=signature_format.Envelope(payload, signature_format.PAYLOAD_TYPE, (by,)),
        )
        unfinished = folder / UNFINISHED
        try:
            unfinished.write_bytes(msgspec.json.encode(made))
            return unfinished.replace(folder / SIGNATURE)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise DataError(f"{folder / SIGNATURE}: cannot be written: {error.strerror}.") from error


def _statement(folder: Path) -> Statement:
    try:
        resources = tuple([Resource(name, sealed_file.sha256(folder / name)) for name in _names(folder)])
    except (OSError, BundleError) as error:
        raise DataError(str(error)) from error
    if not resources:
        raise DataError(f"{folder}: expected a folder of files to sign. Received: none.")
    return Statement(
        subject=(Subject(folder.absolute().name, {signature_format.HASH: signature_format.root(resources)}),),
        predicate=Predicate(resources, Serialization(ignore_paths=(SIGNATURE,))),
    )


def _names(folder: Path) -> list[str]:
    """List the files, by path; a link could lead elsewhere tomorrow."""
    found = sorted([path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()])
    names = [path.relative_to(folder).as_posix() for path in found]
    if link := next((path for path in found if path.is_symlink()), None):
        raise DataError(f"{link}: expected files, no links. Received: a link.")
    return [name for name in names if name not in (SIGNATURE, UNFINISHED)]


def _load(path: Path) -> "EllipticCurvePrivateKey":
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only who signs has it
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise DataError(f"{path}: {signature.HOW_TO_INSTALL}.") from error
    expected = f"{path}: expected a private key (PEM) of the curve {signature.CURVES}"
    passphrase = os.environ.get(PASSPHRASE, "").encode() or None
    try:
        key = load_pem_private_key(sealed_file.content(path, signature.KEY_MAX_BYTES), passphrase)
    except BundleError as error:
        raise DataError(str(error)) from error
    except TypeError as error:  # one is missing, or one is given where none is needed
        raise DataError(f"{path}: {error} ({PASSPHRASE}).") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        wrong = f", or {PASSPHRASE} does not open it" if passphrase else ""
        raise DataError(f"{expected}. Received: a file that holds none{wrong}.") from error
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name not in signature.HASHES:
        raise DataError(f"{expected}. Received: one of another kind.")
    return key
