"""Signed versions: what verifies, what does not, and that `model_signing` sees it likewise."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.bundle import reader as bundles
from app.bundle import signature
from app.bundle.signature import check_hashes, signed
from app.errors import BundleError
from app.runtime import model
from app.settings import Settings
from tests.app import graphs
from tests.app.runtime.test_external_data import WEIGHTS, as_initializer
from tests.support import serving, tiny
from tests.support.signed import Keys

Sign = Callable[[Keys, Path], Path]
HERE: Sign = Keys.sign
ELSEWHERE: Sign = Keys.sign_elsewhere
BY = pytest.mark.parametrize("sign", [HERE, ELSEWHERE], ids=["here", "model_signing"])


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def verify(folder: Path, keys: Keys) -> dict[str, str]:
    """All that a bare folder's files must pass."""
    files = signed(folder, keys.public)
    check_hashes(folder, files)
    return files


def load(folder: Path, keys: Keys) -> model.Model:
    return model.load(folder, Settings(verify_key=keys.public))


# ── what verifies ──


@BY
@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=["256", "384", "521"])
def test_what_one_signs_the_other_verifies(sign: Sign, curve: ec.EllipticCurve, tmp_path: Path) -> None:
    keys = Keys(tmp_path, curve=curve)
    folder = tiny.write(tmp_path / "models")
    assert sign(keys, folder) == folder / bundles.SIGNATURE
    assert set(verify(folder, keys)) == {bundles.MANIFEST, *bundles.REQUIRED_FILES}
    assert keys.verifies_elsewhere(folder)
    assert load(folder, keys).facts.signed


@BY
def test_a_graph_alone_and_its_weights_are_signed(sign: Sign, keys: Keys, tmp_path: Path) -> None:
    """In folders below it, too."""
    folder = graphs.write(tmp_path / "models", as_initializer("weights/all.data"))
    (folder / "weights").mkdir()
    (folder / "weights" / "all.data").write_bytes(WEIGHTS.tobytes())
    sign(keys, folder)
    assert set(verify(folder, keys)) == {"model.onnx", "weights/all.data"}
    assert keys.verifies_elsewhere(folder)
    assert load(folder, keys).facts.signed


@BY
def test_a_signed_folder_may_be_mounted_by_links(sign: Sign, keys: Keys, tmp_path: Path) -> None:
    """As a cluster mounts a volume: every file a link to one below `..data`, which is a link itself."""
    folder = tiny.write(tmp_path / "models")
    sign(keys, folder)
    real = folder / "..2026_01_01"
    real.mkdir()
    (folder / "..data").symlink_to(real.name)
    for path in [path for path in folder.iterdir() if path.is_file()]:
        path.rename(real / path.name)
        path.symlink_to(Path("..data") / path.name)
    assert load(folder, keys).facts.signed


def test_without_a_key_nobody_looks_at_a_signature(tmp_path: Path) -> None:
    """One that is nothing lies in the folder and harms nobody."""
    folder = tiny.write(tmp_path)
    (folder / bundles.SIGNATURE).write_text("{}")
    assert not model.load(folder, Settings()).facts.signed


# ── what does not ──


def flip(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[-2] ^= 1
        (folder / name).write_bytes(content)

    return change


def add(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("more")

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def rename(folder: Path) -> None:
    (folder / "card.md").rename(folder / "map.md")


def rewrite(folder: Path) -> None:
    """Change a file, and the manifest so that it fits."""
    (folder / "card.md").write_text("# another\n")
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))


def envelope(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """Change what the signature's file holds."""

    def inner(folder: Path) -> None:
        content = json.loads((folder / bundles.SIGNATURE).read_text())
        change(content)
        (folder / bundles.SIGNATURE).write_text(json.dumps(content))

    return inner


def other_payload(content: dict[str, Any]) -> None:
    payload = base64.b64decode(content["dsseEnvelope"]["payload"]).replace(b"card.md", b"bard.md")
    content["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()


def no_signatures(content: dict[str, Any]) -> None:
    content["dsseEnvelope"]["signatures"] = []


def other_bytes(content: dict[str, Any]) -> None:
    content["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(b"\x30\x06\x02\x01\x01\x02\x01\x01").decode()


def other_type(content: dict[str, Any]) -> None:
    content["dsseEnvelope"]["payloadType"] = "text/plain"


def other_bundle(content: dict[str, Any]) -> None:
    content["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.1+json"


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no signature": (remove("model.sig"), r"model\.sig: expected a signature by the key of .* Received: none"),
    "a bit of the graph": (flip("model.onnx"), r"model\.onnx: expected sha256"),
    "a bit of the golden rows": (flip("golden.json"), r"golden\.json: expected sha256"),
    "a bit of the manifest": (flip("manifest.json"), r"manifest\.json: (expected sha256 .* as it was signed|JSON)"),
    "a bit of the card": (flip("card.md"), r"card\.md: expected sha256"),
    "a file and the manifest": (rewrite, r"manifest\.json: expected sha256 .*, as it was signed"),
    "a file more": (add("more.txt"), r"more\.txt: expected to be signed. Received: no such entry in model\.sig"),
    "a hidden file more": (add(".more"), r"\.more: expected to be signed"),
    "a folder more": (add("more/deeply"), r"/more: expected to be signed"),
    "a file less": (remove("card.md"), r"card\.md: expected, because it was signed. Received: no such file"),
    "a manifest less": (remove("manifest.json"), r"manifest\.json: expected, because it was signed"),
    "another name": (rename, r"map\.md: expected to be signed"),
    "a statement changed": (envelope(other_payload), r"expected a signature by the key of .* Received: another one"),
    "no signature in it": (envelope(no_signatures), r"at `\$\.dsseEnvelope\.signatures`"),
    "other bytes": (envelope(other_bytes), "Received: another one"),
    "another payload type": (envelope(other_type), "expected 'application/vnd.in-toto"),
    "another kind of bundle": (envelope(other_bundle), "expected 'application/vnd.dev.sigstore"),
    "half a signature": (lambda f: (f / "model.sig").write_bytes((f / "model.sig").read_bytes()[:99]), "truncated"),
    "nothing in it": (lambda f: (f / "model.sig").write_bytes(b""), "expected a signature of OpenSSF"),
    "nested without end": (lambda f: (f / "model.sig").write_text("[" * 10**5), "expected a signature of OpenSSF"),
    "gigabytes": (lambda folder: os.truncate(folder / "model.sig", 2**33), r"model\.sig: expected at most"),
}


@BY
@pytest.mark.parametrize("case", TAMPERED)
def test_what_was_tampered_with_is_refused(case: str, sign: Sign, keys: Keys, tmp_path: Path) -> None:
    """And `model_signing` refuses it likewise."""
    change, says = TAMPERED[case]
    folder = tiny.write(tmp_path / "models")
    sign(keys, folder)
    load(folder, keys)
    change(folder)
    with pytest.raises(BundleError, match=says):
        load(folder, keys)
    if case != "gigabytes":  # which it would read
        assert not keys.verifies_elsewhere(folder)


@BY
def test_what_another_signed_is_refused(sign: Sign, keys: Keys, tmp_path: Path) -> None:
    """The message names the key that the signature names, as text that cannot break a line of a log."""
    other, folder = Keys(tmp_path, "other"), tiny.write(tmp_path / "models")
    sign(other, folder)
    other_hint = signature.fingerprint(signature.load_key(other.public))
    with pytest.raises(BundleError, match=f"Received: another one. It names the key '{other_hint}'"):
        load(folder, keys)
    assert not keys.verifies_elsewhere(folder)
    envelope(lambda content: content["verificationMaterial"]["publicKey"].update(hint="a\nb"))(folder)
    with pytest.raises(BundleError, match=r"It names the key 'a\\nb'"):
        load(folder, keys)


def test_a_hint_convinces_nobody(keys: Keys, tmp_path: Path) -> None:
    """Another's signature that names our key is another's."""
    folder, hint = tiny.write(tmp_path / "models"), signature.fingerprint(signature.load_key(keys.public))
    Keys(tmp_path, "other").sign(folder)
    envelope(lambda content: content["verificationMaterial"]["publicKey"].update(hint=hint))(folder)
    with pytest.raises(BundleError, match="Received: another one"):
        load(folder, keys)


def test_a_signature_is_of_one_version(keys: Keys, tmp_path: Path) -> None:
    """An old bundle does not become a new version by being copied: its manifest, which is signed, has the number."""
    folder = tiny.write(tmp_path / "models")
    keys.sign(folder)
    newer = folder.parent / "2"
    shutil.copytree(folder, newer)
    with pytest.raises(BundleError, match="expected name and version tiny/2"):
        load(newer, keys)


def test_what_git_keeps_there_must_be_signed(keys: Keys, tmp_path: Path) -> None:
    """`model_signing` passes over it, and says so in what it signs; here every file that lies there counts."""
    folder = tiny.write(tmp_path / "models")
    (folder / ".gitattributes").write_text("*.onnx filter=lfs\n")
    keys.sign_elsewhere(folder)
    assert keys.verifies_elsewhere(folder)
    with pytest.raises(BundleError, match=r"\.gitattributes: expected to be signed"):
        load(folder, keys)


@pytest.mark.parametrize(
    "how",
    [
        'use_file_serialization(hashing_algorithm="blake2")',
        'use_file_serialization(hashing_algorithm="blake3")',
        "use_shard_serialization()",
    ],
)
def test_other_ways_to_hash_are_refused(how: str, keys: Keys, tmp_path: Path) -> None:
    """The library knows several; here one is enough, and the message says which."""
    folder = tiny.write(tmp_path / "models")
    code = (
        "import model_signing as m, sys\n"
        f"hashing = m.hashing.Config().{how}.set_ignored_paths(paths=[])\n"
        "signing = m.signing.Config().use_elliptic_key_signer(private_key=sys.argv[1])\n"
        "signing.set_hashing_config(hashing).sign(sys.argv[2], sys.argv[3])\n"
    )
    words = [sys.executable, "-c", code, str(keys.private), str(folder), str(folder / "model.sig")]
    subprocess.run(words, check=True, timeout=serving.PATIENCE_S)
    with pytest.raises(BundleError, match=r"model\.sig: expected ('files'|'sha256'|a signature of OpenSSF)"):
        load(folder, keys)


# ── between the check and the use ──


def test_a_graph_swapped_after_its_check_never_loads(
    keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is loaded is hashed itself, and not what lay there a moment before."""
    folder = tiny.write(tmp_path / "models")
    other = tiny.write(tmp_path / "other", tiny.Tiny(shift=9.0))
    keys.sign(folder)
    read = bundles.read

    def read_and_swap(*args: Any, **options: Any) -> bundles.Bundle:
        bundle = read(*args, **options)
        (folder / "model.onnx").write_bytes((other / "model.onnx").read_bytes())
        return bundle

    monkeypatch.setattr(bundles, "read", read_and_swap)
    with pytest.raises(BundleError, match=r"model\.onnx: expected sha256"):
        load(folder, keys)


@pytest.mark.parametrize("name", ["model.onnx", "w.data"])
def test_a_graph_alone_is_compared_too(name: str, keys: Keys, tmp_path: Path) -> None:
    folder = graphs.write(tmp_path / "models", as_initializer("w.data"))
    (folder / "w.data").write_bytes(WEIGHTS.tobytes())
    keys.sign(folder)
    flip(name)(folder)
    with pytest.raises(BundleError, match=rf"{name}: expected sha256 .*, as it was signed"):
        load(folder, keys)


# ── the key ──


def rsa_key() -> bytes:
    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def bitcoin_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256K1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda keys: b"", "but the file holds none"),
        (lambda keys: b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "but the file holds none"),
        (lambda keys: keys.private.read_bytes(), "not the private one"),
        (lambda keys: rsa_key(), "but it is of another kind"),
        (lambda keys: bitcoin_key(), "but it is of another kind"),
        (lambda keys: b" " * 2**17, "expected at most 65536 bytes"),
    ],
)
def test_a_key_that_is_none_is_refused(content: Callable[[Keys], bytes], says: str, keys: Keys, tmp_path: Path) -> None:
    """When the settings are read, before anything starts."""
    path = tmp_path / "key.pem"
    path.write_bytes(content(keys))
    with pytest.raises(ValueError, match=rf"verify_key\n  expected a public key.*{says}"):
        Settings(verify_key=path)


def test_a_process_with_a_key_that_is_none_does_not_start(tmp_path: Path) -> None:
    """It says what to do in one line; so does the check."""
    for words in ([], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "app", *words, "--verify-key", str(tmp_path / "gone.pem")],
            cwd=serving.ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=serving.PATIENCE_S,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("Invalid `--verify-key` (SLIPWAY_VERIFY_KEY): expected a public key (PEM)")
        assert "No such file" in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_key_that_goes_later_refuses_what_comes_later(keys: Keys, tmp_path: Path) -> None:
    """It is read for each version, so that a mounted one may be changed."""
    folder = tiny.write(tmp_path / "models")
    keys.sign(folder)
    settings = Settings(verify_key=keys.public)
    other = Keys(tmp_path, "other")
    keys.public.write_bytes(other.public.read_bytes())
    with pytest.raises(BundleError, match="Received: another one"):
        model.load(folder, settings)
    keys.public.unlink()
    with pytest.raises(BundleError, match="No such file"):
        model.load(folder, settings)


def without_the_extra(code: str) -> str:
    """Run code where `cryptography` is not installed, or as good as."""
    hidden = "import sys; sys.modules['cryptography'] = None\n" + code
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        cwd=serving.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=serving.PATIENCE_S,
    )
    return done.stdout + done.stderr


def test_without_the_extra_it_is_said_how_to_install_it(keys: Keys) -> None:
    start = "from app.__main__ import main\nmain(['--verify-key', sys.argv[1]])".replace(
        "sys.argv[1]", repr(str(keys.public))
    )
    said = without_the_extra(start)
    assert said.startswith(
        "Invalid `--verify-key` (SLIPWAY_VERIFY_KEY): expected the extra `signing` to be installed: "
    )
    assert "-r requirements/signing.lock" in said
    assert "Traceback" not in said


def test_who_verifies_nothing_needs_no_extra(tmp_path: Path) -> None:
    """The serving set stays as it is."""
    tiny.write(tmp_path)
    code = f"from app.__main__ import main\nmain(['check', {str(tmp_path)!r}])"
    assert "1 served, 0 not served" in without_the_extra(code)
