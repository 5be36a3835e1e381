"""What counts as a change of a version, and which folders hold versions."""

import os
import shutil
from pathlib import Path

import pytest

from app.errors import BundleError
from app.repository.folder_scan import content, look, model_folders
from tests.support import tiny


def everything(name: str, found: list[int]) -> list[int]:
    return found


def test_what_stays_is_equal(tmp_path: Path) -> None:
    """Reading it changes nothing."""
    folder = tiny.write(tmp_path)
    before = content(folder)
    (folder / "model.onnx").read_bytes()
    assert content(folder) == before
    assert before.named == {"manifest.json", "model.onnx", "golden.json", "profile.json", "card.md"}
    assert before.declared


@pytest.mark.parametrize("change", ["size", "time", "inode", "new", "gone", "touched folder's file"])
def test_every_change_is_seen(change: str, tmp_path: Path) -> None:
    """Also one that leaves size or time as they were."""
    folder = tiny.write(tmp_path)
    model, before = folder / "model.onnx", content(folder)
    times = (model.stat().st_atime_ns, model.stat().st_mtime_ns)
    if change == "size":
        model.write_bytes(b"other")
        os.utime(model, ns=times)
    elif change == "time":
        os.utime(model, ns=(times[0], times[1] + 1))
    elif change == "inode":
        shutil.copy2(model, folder.parent / "copy")
        (folder.parent / "copy").rename(model)
    elif change == "new":
        (folder / "weights.bin").write_bytes(b"")
    elif change == "gone":
        model.unlink()
    else:
        os.utime(folder / "card.md", ns=(0, 0))
    assert content(folder) != before


def test_a_link_that_is_switched_is_a_change(tmp_path: Path) -> None:
    """As Kubernetes does with `..data` in a mounted ConfigMap, whose files are links through it."""
    for turn in ("..first", "..second"):
        made = tiny.write(tmp_path / turn)
        (tmp_path / "volume").mkdir(exist_ok=True)
        made.rename(tmp_path / "volume" / turn)
    folder = tmp_path / "volume"
    (folder / "..data").symlink_to("..first")
    for name in content(folder / "..first").named:
        (folder / name).symlink_to(Path("..data") / name)
    before = content(folder)
    assert before.named == {"manifest.json", "model.onnx", "golden.json", "profile.json", "card.md"}
    (folder / "..next").symlink_to("..second")
    (folder / "..next").rename(folder / "..data")
    assert content(folder) != before


def test_a_folder_that_is_a_link_is_told_by_where_it_leads(tmp_path: Path) -> None:
    """As git-sync does with the whole volume; hard-linked files are the same files in another place."""
    folder = tiny.write(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "second", copy_function=os.link)
    current = tmp_path / "current"
    current.symlink_to("first")
    before = content(current / "tiny" / "1")
    assert before == content(folder)
    current.unlink()
    current.symlink_to("second")
    assert content(current / "tiny" / "1") != before


def test_what_is_gone_or_leads_nowhere(tmp_path: Path) -> None:
    """No error: a look may come between two steps of whoever writes."""
    assert content(tmp_path / "nowhere").files == ()
    (tmp_path / "model.onnx").symlink_to("nowhere")
    assert content(tmp_path).files == (("model.onnx", -1, 0, 0),)


def test_a_file_that_is_being_written_is_named(tmp_path: Path) -> None:
    """By its ending."""
    (tmp_path / "model.onnx").write_bytes(b"x")
    assert not content(tmp_path).unfinished
    (tmp_path / "model.onnx.tmp").write_bytes(b"x")
    assert content(tmp_path).unfinished == "model.onnx.tmp"
    assert not content(tmp_path).declared


def test_a_look_says_the_content_of_what_is_chosen(tmp_path: Path) -> None:
    """By model and version; who chooses is told all that there is."""
    for version in (1, 2, 10):
        tiny.write(tmp_path, tiny.Tiny(version=version))
    tiny.write(tmp_path, tiny.Tiny(name="other"))
    told: dict[str, list[int]] = {}

    def newest(name: str, found: list[int]) -> list[int]:
        told[name] = found
        return found[-1:]

    sight = look(tmp_path, newest)
    assert told == {"other": [1], "tiny": [1, 2, 10]}
    assert sight == {"other": {1: content(tmp_path / "other" / "1")}, "tiny": {10: content(tmp_path / "tiny" / "10")}}
    assert list(look(tmp_path, everything)["tiny"]) == [1, 2, 10]


def test_which_folders_hold_versions(tmp_path: Path) -> None:
    """A name that fits, and in it at least one number; without any the message says where one was expected."""
    for strange in (".git/1", "empty", "named/latest", "zero/0", "-dash/1"):
        (tmp_path / strange).mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(BundleError, match="expected bundles in"):
        model_folders(tmp_path)
    (tmp_path / "good" / "3").mkdir(parents=True)
    assert model_folders(tmp_path) == {tmp_path / "good": [3]}


@pytest.mark.parametrize("name", ["evil\n", "evil\x1b", "evil\r", "-evil"])
def test_a_folder_whose_name_no_head_of_an_answer_may_hold_is_no_model(name: str, tmp_path: Path) -> None:
    """A line feed at its end would end a line of the answers' heads."""
    shutil.copytree(tiny.write(tmp_path).parent, tmp_path / name)
    assert [folder.name for folder in model_folders(tmp_path)] == ["tiny"]


@pytest.mark.parametrize(
    ("names", "received"),
    [
        ([], "an empty folder"),
        (["adult"], "1 of other names, or without a version"),
        (["adult/latest", "-a/1"], "2 of other names, or without a version"),
    ],
)
def test_a_folder_without_a_model_says_what_lies_there(names: list[str], received: str, tmp_path: Path) -> None:
    """An empty folder is none that is missing: a volume that is mounted and not yet written to."""
    for name in names:
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(BundleError) as raised:
        look(tmp_path, lambda name, found: found)
    assert str(raised.value).endswith(f"Received: {received}.")
    with pytest.raises(BundleError, match=r"Received: No such file or directory\.\Z"):
        look(tmp_path / "missing", lambda name, found: found)
