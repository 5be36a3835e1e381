"""Signing what training writes: whole or not at all, and verified by the service and by `model_signing`."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from app.bundle import reader as contract
from app.bundle import signature
from tests.support.serving import PATIENCE_S
from tests.support.signed import Keys
from tests.training.bundle.test_writer import contents
from tests.training.conftest import REPOSITORY
from training.bundle import writer as bundle
from training.bundle.signing import PASSPHRASE, Signer
from training.cli.sign import signing
from training.cli.train import app
from training.errors import DataError


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def verified(folder: Path, keys: Keys) -> bool:
    contract.read(folder, signature.signed(folder, keys.public))
    return keys.verifies_elsewhere(folder)


def test_what_is_written_is_signed(bundle_folder: Path, keys: Keys, tmp_path: Path) -> None:
    """Nothing else lies beside it."""
    manifest, files = contents(bundle_folder)
    folder = bundle.write(tmp_path / "models", "goods", manifest, files, Signer(keys.private))
    assert {path.name for path in folder.iterdir()} == {contract.MANIFEST, contract.SIGNATURE, *files}
    assert verified(folder, keys)


def test_without_a_signature_nothing_is_written(
    bundle_folder: Path, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that lacks only its signature would be refused where it is asked for, and served where it is not."""

    def full(path: Path, content: bytes) -> int:
        if path.name.endswith(contract.SIGNATURE):
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    write_bytes = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", full)
    manifest, files = contents(bundle_folder)
    with pytest.raises(DataError, match=r"model\.sig: cannot be written: No space left"):
        bundle.write(tmp_path / "models", "goods", manifest, files, Signer(keys.private))
    assert not list((tmp_path / "models").iterdir())


def test_a_real_run_signs(data_file: Path, tmp_path: Path) -> None:
    """`python -m training … --sign-key`, with a passphrase from the environment."""
    keys = Keys(tmp_path, passphrase="open sesame")
    words = [data_file, "--target", "sold", "--drop", "price,kind", "--epochs", 2, "--hidden", 8, "--bins", 4]
    words += ["--models", tmp_path / "models", "--sign-key", keys.private]
    done = CliRunner(env={PASSPHRASE: "open sesame"}).invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    assert verified(tmp_path / "models" / "goods" / "1", keys)
    assert "sesame" not in done.output + (tmp_path / "models" / "goods" / "1" / "manifest.json").read_text()


def test_what_is_there_already_is_signed(bundle_folder: Path, keys: Keys, tmp_path: Path) -> None:
    """As a command; and once more by another key, which replaces the signature."""
    folder = tmp_path / "goods" / "1"
    shutil.copytree(bundle_folder, folder)
    words = [sys.executable, "-m", "training", "sign", str(folder), "--key", str(keys.private)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    assert done.stdout == f"Signed {folder}.\n"
    assert verified(folder, keys)
    other = Keys(tmp_path, "other")
    other.sign(folder)
    assert verified(folder, other)
    assert not keys.verifies_elsewhere(folder)


def test_a_signature_is_replaced_whole_or_not_at_all(
    bundle_folder: Path, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks meanwhile finds the one before, and nothing half written."""
    folder = tmp_path / "goods" / "1"
    shutil.copytree(bundle_folder, folder)
    keys.sign(folder)
    write_bytes = Path.write_bytes

    def half(path: Path, content: bytes) -> int:
        write_bytes(path, content[: len(content) // 2])
        contract.read(folder, signature.signed(folder, keys.public))
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(DataError, match="cannot be written"):
        keys.sign(folder)
    monkeypatch.undo()
    assert keys.sign(folder).read_bytes()
    assert verified(folder, keys)


def gone(keys: Keys) -> None:
    keys.private.unlink()


def public(keys: Keys) -> None:
    keys.private.write_bytes(keys.public.read_bytes())


def other_curve(keys: Keys) -> None:
    Keys(keys.private.parent, curve=ec.SECP256K1())


def locked(keys: Keys) -> None:
    Keys(keys.private.parent, passphrase="open sesame")


@pytest.mark.parametrize(
    ("change", "passphrase", "says"),
    [
        (gone, "", "cannot be read: No such file"),
        (
            public,
            "",
            "expected a private key (PEM) of the curve P-256, P-384 or P-521. Received: a file that holds none",
        ),
        (other_curve, "", "Received: one of another kind"),
        (locked, "", f"({PASSPHRASE})"),
        (locked, "open barley", f"or {PASSPHRASE} does not open it"),
    ],
)
def test_a_key_that_does_not_sign_is_said_before_anything_is_trained(
    change: object, passphrase: str, says: str, keys: Keys, data_file: Path, tmp_path: Path
) -> None:
    assert callable(change)
    change(keys)
    words = [str(data_file), "--target", "sold", "--models", str(tmp_path / "models"), "--sign-key", str(keys.private)]
    folder = tmp_path / "goods" / "1"
    folder.mkdir(parents=True)
    for command, line in ((app, words), (signing, [str(folder), "--key", str(keys.private)])):
        done = CliRunner(env={PASSPHRASE: passphrase}).invoke(command, line)
        assert done.exit_code == 2
        assert says in done.stderr
        assert "barley" not in done.stderr
        assert "Train" not in done.output
    assert not (tmp_path / "models").exists()


def test_a_folder_that_cannot_be_signed_is_left_as_it_is(keys: Keys, tmp_path: Path) -> None:
    """One without files, one that is none, one with a link out of it."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "model.onnx").symlink_to(keys.public)
    for name, says in (("empty", "Received: none"), ("nowhere", "Received: none"), ("linked", "Received: a link")):
        with pytest.raises(DataError, match=says):
            keys.sign(tmp_path / name)
        assert not (tmp_path / name / contract.SIGNATURE).exists()


def test_without_the_extra_it_is_said_how_to_install_it(keys: Keys) -> None:
    code = "import sys; sys.modules['cryptography'] = None\n"
    code += f"from training.cli.sign import signing\nsigning(['.', '--key', {str(keys.private)!r}])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 2
    assert "expected the extra `signing` to be installed" in done.stderr
    assert "Traceback" not in done.stderr
