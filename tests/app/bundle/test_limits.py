"""What a bundle may hold at most: each is refused by its name, before it is decoded, hashed or run."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.bundle import limits
from app.bundle import reader as bundles
from app.errors import BundleError
from app.repository.survey import survey
from app.runtime import graph_size
from app.runtime.model import load
from app.settings import Settings
from tests.support import serving, tiny

Content = dict[str, Any]
NESTS = 5_000_000
SETTINGS = Settings(models=Path("unused"))


def put(folder: Path, name: str, content: bytes) -> Path:
    """Replace a file, and list it as it is now."""
    (folder / name).write_bytes(content)
    tiny.rewrite_manifest(folder, json.loads((folder / bundles.MANIFEST).read_text()))
    return folder


def golden(folder: Path, **changes: Any) -> Path:
    return put(folder, bundles.GOLDEN, json.dumps(json.loads((folder / bundles.GOLDEN).read_text()) | changes).encode())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (bundles.GOLDEN, b'{"instances":[' + b"{}," * NESTS + b'{}],"outputs":{},"atol":0,"rtol":0}'),
        (
            bundles.GOLDEN,
            b'{"instances":[{}],"outputs":{"probabilities":[' + b"[]," * NESTS + b'[]]},"atol":0,"rtol":0}',
        ),
        (bundles.PROFILE, b'{"rows":1,"features":{},"prediction":[' + b"[]," * NESTS + b"[]]}"),
    ],
)
def test_values_are_counted_before_they_are_decoded(name: str, content: bytes, tmp_path: Path) -> None:
    """Otherwise each takes its 56 bytes and more, and the interpreter is held for as long as there are any."""
    folder = put(tiny.write(tmp_path), name, content)
    started = time.process_time()
    with pytest.raises(BundleError, match=rf"{name}: expected at most {limits.VALUES_MAX} values"):
        bundles.read(folder)
    assert time.process_time() - started < 1


def test_values_of_a_manifest_are_counted(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    path = folder / bundles.MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"training": {}', b'"training": {"a":[' + b"{}," * NESTS + b"{}]}"))
    with pytest.raises(BundleError, match=r"manifest\.json: expected at most \d+ values"):
        bundles.read(folder)


def test_golden_rows_are_counted(tmp_path: Path) -> None:
    """So many are read; one more is refused."""
    folder = tiny.write(tmp_path)
    row = json.loads((folder / bundles.GOLDEN).read_text())["instances"][0]
    answers = [[0.5, 0.5]]
    most = limits.GOLDEN_MAX_ROWS
    golden(folder, instances=[row] * most, outputs={"probabilities": answers * most})
    assert len(bundles.read(folder).golden.instances) == most
    golden(folder, instances=[row] * (most + 1), outputs={"probabilities": answers * (most + 1)})
    with pytest.raises(BundleError, match=rf"expected at most {most} rows. Received: {most + 1}"):
        bundles.read(folder)


def test_rows_are_decoded_one_by_one_once_they_are_counted(tmp_path: Path) -> None:
    """All at once they would hold the interpreter for 0.3 s, and the version that serves with it."""
    most = limits.GOLDEN_MAX_ROWS
    folder = golden(tiny.write(tmp_path), instances=[7] * (most + 1))
    with pytest.raises(BundleError, match=rf"expected at most {most} rows"):
        bundles.read(folder)
    with pytest.raises(BundleError, match="Expected `object`, got `int`"):
        bundles.read(golden(folder, instances=[7] * 8))


def test_the_bytes_of_golden_rows_are_counted(tmp_path: Path) -> None:
    folder = put(tiny.write(tmp_path), bundles.GOLDEN, b" " * (limits.GOLDEN_MAX_BYTES + 1))
    with pytest.raises(BundleError, match=rf"golden\.json: expected at most {limits.GOLDEN_MAX_BYTES} bytes"):
        bundles.read(folder)


@pytest.mark.parametrize("which", ["atol", "rtol"])
@pytest.mark.parametrize("tolerance", [1e308, 1e30, -1])
def test_a_tolerance_of_any_answer_is_refused(which: str, tolerance: float, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=rf"golden\.json: .*{which}"):
        load(golden(tiny.write(tmp_path), **{which: tolerance}), SETTINGS)


def test_absolute_tolerances_of_values_are_by_their_unit(tmp_path: Path) -> None:
    """Prices of a million may be ten thousand apart; probabilities may not."""
    folder = tiny.write(tmp_path, tiny.Tiny(task="regression"))
    large = tiny.write(tmp_path / "large", tiny.Tiny(task="regression", shift=1e6))
    assert load(golden(large, atol=1e4), SETTINGS).name == "tiny"
    with pytest.raises(BundleError, match=r"golden\.json: expected `atol` of at most \d"):
        load(golden(folder, atol=1e4), SETTINGS)
    with pytest.raises(BundleError, match=r"golden\.json: expected `atol` of at most 0\.1 .*Received: 0\.2"):
        load(golden(tiny.write(tmp_path / "other"), atol=0.2), SETTINGS)


def more_features(manifest: Content) -> None:
    manifest["features"] = manifest["features"][:1] * (limits.FEATURES_MAX + 1)


def more_labels(manifest: Content) -> None:
    manifest["answer"]["labels"] = [f"l{n}" for n in range(limits.LABELS_MAX + 1)]


def more_inputs(manifest: Content) -> None:
    manifest["inputs"] *= limits.TENSORS_MAX + 1


def more_outputs(manifest: Content) -> None:
    manifest["outputs"] *= limits.TENSORS_MAX + 1


def more_files(manifest: Content) -> None:
    manifest["files"] |= {f"f{n}": manifest["files"]["card.md"] for n in range(limits.FILES_MAX)}


def more_bytes(manifest: Content) -> None:
    manifest["files"]["card.md"] = manifest["files"]["card.md"] | {"bytes": limits.FILES_MAX_BYTES}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (more_features, "features"),
        (more_labels, "labels"),
        (more_inputs, "inputs"),
        (more_outputs, "outputs"),
        (more_files, "files"),
        (more_bytes, "bytes of files"),
    ],
)
def test_what_a_manifest_lists_is_counted(edit: Callable[[Content], None], expected: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, tiny.Tiny(format=2), edit=edit)
    with pytest.raises(BundleError, match=rf"manifest\.json: expected at most \d+ {expected}\. Received: \d+"):
        bundles.read(folder)
    assert tiny.write(tmp_path / "good", tiny.Tiny(format=2)).is_dir()


@pytest.mark.parametrize("part", limits.PARTS_MAX)
def test_what_people_are_told_is_bounded_before_it_is_decoded(part: str, tmp_path: Path) -> None:
    """A dictionary of 900,000 keys stopped every thread for 0.7 s."""
    most = limits.PARTS_MAX[part]

    def edit(manifest: Content, count: int) -> None:
        many = {f"k{at}": "1" if part == "libraries" else 1.0 for at in range(count)}
        manifest[part] = {"m": many} if part == "metrics" else many

    if part != "reading":  # whose keys are known
        assert bundles.read(tiny.write(tmp_path / "good", edit=lambda manifest: edit(manifest, most - 10)))
    folder = tiny.write(tmp_path, edit=lambda manifest: edit(manifest, most + 1))
    with pytest.raises(
        BundleError, match=rf"manifest\.json: `{part}`: expected at most {most} values\. Received: more"
    ):
        bundles.read(folder)


def test_versions_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no version is not."""
    monkeypatch.setattr(limits, "VERSIONS_MAX", 3)
    for name in ("1", "2", "3", "x", "04"):
        (tmp_path / "m" / name).mkdir(parents=True)
    assert bundles.versions(tmp_path / "m") == [1, 2, 3]
    (tmp_path / "m" / "4").mkdir()
    with pytest.raises(BundleError, match=r"m: expected at most 3 versions\. Received: more\."):
        bundles.versions(tmp_path / "m")
    (finding, *_) = survey(Settings(models=tmp_path))
    assert (finding.name, finding.state) == ("m", "NOT SERVED")


def test_all_limits_hold_in_format_1(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"expected at most \d+ features"):
        bundles.read(tiny.write(tmp_path, edit=more_features))


def test_the_page_says_each_limit() -> None:
    """`docs/bundle.md` has each by its number."""
    page = (serving.ROOT / "docs" / "bundle.md").read_text()
    found = {name: value for room in (limits, graph_size) for name, value in vars(room).items() if "_MAX" in name}
    found |= found.pop("PARTS_MAX")
    assert len(found) == 21
    for name, value in found.items():
        assert (f"{value // 2**20:,} MiB" if name.endswith("BYTES") else f"{value:,}") in page, name
