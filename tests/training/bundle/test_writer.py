import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.bundle import reader as contract
from app.errors import BundleError
from tests.training.conftest import only
from training.bundle import writer as bundle
from training.data.prepare import Data
from training.errors import DataError
from training.export.ort_session import Session


def contents(folder: Path) -> tuple[dict[str, object], dict[str, bytes]]:
    """What `write` was given to make the bundle in `folder`."""
    manifest = json.loads((folder / contract.MANIFEST).read_bytes())
    files = {name: (folder / name).read_bytes() for name in manifest["files"]}
    for key in ("format", "name", "version", "files"):
        del manifest[key]
    return manifest, files


def test_what_is_written_is_read_back(bundle_folder: Path) -> None:
    read = contract.read(bundle_folder)
    assert (read.manifest.name, read.manifest.version) == ("goods", 1)
    assert read.manifest.labels == ("yes", "no")
    assert {"keras", "fp32", "shipped", "baseline", "hist_gradient_boosting"} <= read.manifest.metrics.keys()
    assert [entry.name for entry in bundle_folder.parent.iterdir()] == ["1"]


def test_golden_answers_repeat_from_the_files(bundle_folder: Path, binary: Data) -> None:
    read = contract.read(bundle_folder)
    answers = Session(read.model_path.read_bytes()).predict(binary.features.from_instances(read.golden.instances))
    np.testing.assert_allclose(only(answers), read.golden.outputs["probabilities"], atol=1e-6)


def test_versions_count_up_and_ignore_other_folders(bundle_folder: Path, tmp_path: Path) -> None:
    manifest, files = contents(bundle_folder)
    (tmp_path / "goods" / "notes").mkdir(parents=True)
    (tmp_path / "goods" / "9").mkdir()
    folders = [bundle.write(tmp_path, "goods", manifest, files) for _ in range(2)]
    assert [folder.name for folder in folders] == ["10", "11"]
    assert contract.read(folders[1]).manifest.version == 11


@pytest.mark.parametrize("broken", ["features", "files"])
def test_a_failure_half_way_leaves_nothing(bundle_folder: Path, tmp_path: Path, broken: str) -> None:
    manifest, files = contents(bundle_folder)
    if broken == "features":
        manifest["features"] = manifest["features"][1:]  # type: ignore[index]  # a list
    else:
        del files["golden.json"]
    with pytest.raises(BundleError):
        bundle.write(tmp_path, "goods", manifest, files)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_nothing(bundle_folder: Path, tmp_path: Path) -> None:
    manifest, files = contents(bundle_folder)
    with pytest.raises(FileNotFoundError):
        bundle.write(tmp_path, "goods", manifest, {**files, "no/such/folder.png": b""})
    assert list(tmp_path.iterdir()) == []


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [flip_a_byte, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", ["model.onnx", "golden.json", "profile.json", "card.md"])
def test_a_damaged_bundle_is_refused_by_name(
    bundle_folder: Path, tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    copy = tmp_path / "goods" / "1"
    shutil.copytree(bundle_folder, copy)
    contract.read(copy)
    damage(copy / name)
    with pytest.raises(BundleError, match=name):
        contract.read(copy)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "-x", "x" * 200])
def test_names_that_do_not_fit_a_url_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="--name"):
        bundle.check_name(name)


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        bundle.to_json({"a": float("nan")})
