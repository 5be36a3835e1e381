"""Keys and signatures for the tests: ours, and those of the `model_signing` command itself."""

import warnings
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import click
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from training.bundle.signing import Signer


class Keys:
    """A new key pair in two files; `sign` as training does, `sign_elsewhere` as others do."""

    def __init__(
        self, folder: Path, name: str = "key", curve: ec.EllipticCurve | None = None, passphrase: str = ""
    ) -> None:
        self.private, self.public = folder / f"{name}.private.pem", folder / f"{name}.public.pem"
        key = ec.generate_private_key(curve or ec.SECP256R1())
        lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        self.private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
        self.public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def sign(self, folder: Path) -> Path:
        return Signer(self.private).sign(folder)

    def sign_elsewhere(self, folder: Path) -> Path:
        signature = folder / "model.sig"
        done = model_signing("sign", folder, "--private_key", self.private, "--signature", signature)
        assert done.exit_code == 0, done.output
        return signature

    def verifies_elsewhere(self, folder: Path, *options: str) -> bool:
        signature = folder / "model.sig"
        done = model_signing("verify", folder, "--public_key", self.public, "--signature", signature, *options)
        assert ("Verification succeeded" in done.output) == (done.exit_code == 0), done.output
        return done.exit_code == 0


def model_signing(verb: str, folder: Path, *words: object) -> Result:
    """Run the command in this process: its imports take most of a second."""
    return CliRunner().invoke(_command(), [verb, "key", str(folder), *map(str, words)])


@cache
def _command() -> click.Group:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        (found,) = entry_points(group="console_scripts", name="model_signing")
        command = found.load()
    assert isinstance(command, click.Group)
    return command
