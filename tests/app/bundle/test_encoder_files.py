"""Files that features ask for: listed, bounded, what the manifest says of them, and never able to end the process."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.bundle import limits
from app.bundle import reader as bundles
from app.errors import BundleError
from app.repository.child_load import ChildLoad, ChildRefusal
from app.runtime.model import load
from app.settings import Settings
from tests.support import encoded, serving, tiny

SETTINGS = Settings(models=Path("unused"))


def refused(folder: Path, said: str) -> None:
    with pytest.raises(BundleError, match=said):
        load(folder, SETTINGS)


def edited(folder: Path, edit: tiny.Edit) -> Path:
    encoded.relist(folder, json.loads((folder / bundles.MANIFEST).read_text()), edit)
    return folder


def test_a_tampered_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = encoded.write(tmp_path)
    path = folder / encoded.FILE
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"good"', b'"g00d"'))
    assert path.stat().st_size == len(content)
    refused(folder, r"tokenizer\.json: expected sha256 ")
    path.write_bytes(content[:-1])
    refused(folder, r"tokenizer\.json: expected \d+ bytes")


def test_it_is_checked_once_more_as_it_is_read(tmp_path: Path) -> None:
    """Whoever swaps it between the check of all files and its use is found."""
    folder = encoded.write(tmp_path)
    bundle = bundles.read(folder)
    assert bundle.completed() is not None
    encoded.put(folder, (folder / encoded.FILE).read_bytes().replace(b'"good"', b'"g00d"'))
    with pytest.raises(BundleError, match=r"tokenizer\.json: expected sha256 "):
        bundle.completed()


def test_a_bundle_whose_features_ask_for_nothing_completes_nothing(tmp_path: Path) -> None:
    assert bundles.read(tiny.write(tmp_path)).completed() is None


def test_it_must_be_listed(tmp_path: Path) -> None:
    folder = encoded.write(tmp_path)
    (folder / encoded.FILE).rename(folder / "other.json")
    content = json.loads((folder / bundles.MANIFEST).read_text())

    def listed(content: dict[str, Any]) -> None:
        content["files"]["other.json"] = content["files"].pop(encoded.FILE)

    listed(content)
    (folder / bundles.MANIFEST).write_text(json.dumps(content))
    refused(folder, r"manifest\.json: expected `files` to list tokenizer\.json, as its features ask")


def test_one_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = encoded.write(tmp_path)
    with (folder / encoded.FILE).open("r+b") as file:
        file.truncate(limits.FEATURE_FILE_MAX_BYTES + 1)
    content = json.loads((folder / bundles.MANIFEST).read_text())
    content["files"][encoded.FILE]["bytes"] = limits.FEATURE_FILE_MAX_BYTES + 1
    (folder / bundles.MANIFEST).write_text(json.dumps(content))
    monkeypatch.setattr(bundles, "sha256", None)
    refused(folder, rf"tokenizer\.json: expected at most {limits.FEATURE_FILE_MAX_BYTES} bytes")


def test_its_values_are_counted_before_it_is_read(tmp_path: Path) -> None:
    folder = encoded.write(tmp_path, file=b'{"model": [' + b"[]," * limits.FEATURE_FILE_VALUES_MAX + b"[]]}")
    refused(folder, rf"tokenizer\.json: expected at most {limits.FEATURE_FILE_VALUES_MAX} values")


@pytest.mark.parametrize("file", [b"", b"no JSON", b"{}", b"[" * 1_000_000], ids=range(4))
def test_what_is_no_tokenizer_is_refused_by_its_name(file: bytes, tmp_path: Path) -> None:
    refused(encoded.write(tmp_path, file=file), r"tokenizer\.json: expected a tokenizer\. Received: ")


def test_a_tokenizer_that_fails_on_every_text_is_refused_by_its_runs(tmp_path: Path) -> None:
    library = json.loads(encoded.tokenizer().to_str())
    library["pre_tokenizer"] = {"type": "FixedLength", "length": 0}  # a panic of Rust
    refused(encoded.write(tmp_path, file=json.dumps(library).encode()), "Invalid text: expected one that")


def test_another_tokenizer_is_refused_by_the_golden_rows(tmp_path: Path) -> None:
    folder = encoded.write(tmp_path)
    content = json.loads((folder / bundles.MANIFEST).read_text())
    encoded.put(folder, encoded.tokenizer(1))
    encoded.relist(folder, content)
    refused(folder, r"golden\.json: expected outputs within")


def test_without_the_extra_it_is_said_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = encoded.write(tmp_path)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    refused(folder, r"expected the extra `text` to be installed: .*pip install 'slipway\[text\]'")


def test_it_is_tried_in_a_child_as_any_bundle(tmp_path: Path) -> None:
    folder = encoded.write(tmp_path)
    assert ChildLoad(folder, SETTINGS).verdict().content_sha256 == bundles.read(folder).sha256
    bad = encoded.write(tmp_path / "bad", file=b"{}")
    with pytest.raises(ChildRefusal, match="expected a tokenizer"):
        ChildLoad(bad, SETTINGS).verdict()


def keys_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [feature["tokens"] for feature in content["features"] if "tokens" in feature]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"longest": 0}, "longest"),
        ({"longest": 8193}, "longest"),
        ({"longest": 2}, "expected fewer than 2 marks around a text"),
        ({"padding": -1}, "padding"),
        ({"tensor": "texts"}, "a tensor of their own for `tokens`"),
        ({"tensor": "numeric"}, "`numeric` to be fed by one type"),
        ({"tensor": "categorical"}, "`categorical` to be fed by one type"),
        ({"tensor": "others"}, "expected the inputs"),
        ({"file": "../tokenizer.json"}, "expected `files` to list"),
        ({"file": "card.md"}, r"card\.md: expected a tokenizer"),
    ],
)
def test_keys_that_mean_nothing_are_refused(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    refused(edited(encoded.write(tmp_path), lambda content: keys_of(content)[0].update(change)), said)


def test_all_texts_of_a_bundle_are_read_by_one_encoder(tmp_path: Path) -> None:
    named = tiny.Tiny(format=2, texts=("review", "reply"))
    folder = encoded.write(tmp_path, named)
    edited(folder, lambda content: keys_of(content)[1].update(longest=9))
    refused(folder, "expected the same `tokens` for all features of a type")


async def test_a_bad_one_keeps_the_version_before_serving(tmp_path: Path) -> None:
    encoded.write(tmp_path)
    async with serving.running(serving.app_of(tmp_path, admin_keys_file=serving.operators(tmp_path))) as client:
        encoded.write(tmp_path, tiny.Tiny(**{**vars(encoded.READ), "version": 2}), file=b"{}")
        await client.post("/admin/reload", headers=serving.OPERATOR)
        answer = await client.post("/predict", json={"instances": [{"age": 1, "level": "low", "review": "good"}]})
        assert (answer.status_code, answer.json()["version"]) == (200, 1)
