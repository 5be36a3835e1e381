"""The files of the page: read together, anew when one changes, never of two versions at once."""

import gzip
import hashlib
import os
import shutil
from pathlib import Path

import pytest

from app.page import assets
from app.page.assets import SCRIPT, STATIC, STYLE, TYPES, Assets


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the page's files that a test may change."""
    shutil.copytree(STATIC, tmp_path / "static")
    monkeypatch.setattr(assets, "STATIC", tmp_path / "static")
    return tmp_path / "static"


def change(file: Path, text: str) -> None:
    """Write a file, at another time than before however short a test is."""
    later_ns = file.stat().st_mtime_ns + 10**9
    file.write_text(text)
    os.utime(file, ns=(later_ns, later_ns))


def test_every_file_of_the_folder_is_sent_as_it_is() -> None:
    version = Assets().now()
    files = {file.relative_to(STATIC).as_posix(): file for file in STATIC.rglob("*") if file.is_file()}
    assert set(files) == set(version.files) - {SCRIPT, STYLE}
    for path, file in files.items():
        found = version.files[path]
        assert found.plain == gzip.decompress(found.packed) == file.read_bytes()
        assert found.tag == hashlib.sha256(found.plain).hexdigest()[:16]
        assert found.media_type == TYPES[file.suffix]


def test_two_processes_say_the_same_digest() -> None:
    assert Assets().now().digest == Assets().now().digest


def test_a_file_that_changes_makes_another_version_and_the_one_before_stays_whole(static: Path) -> None:
    """A page that is open may still want a file; what it gets is of its own version, or nothing."""
    of_page = Assets()
    before = of_page.now()
    words = (static / "words.js").read_text() + "export const changed = true;\n"
    change(static / "words.js", words)
    after = of_page.now()
    assert after.digest != before.digest
    for version, wanted in ((before, before.files["words.js"].plain), (after, words.encode())):
        found = of_page.find(version.digest, "words.js")
        assert found is not None
        assert found.plain == wanted
    assert of_page.now() is after


def test_versions_before_are_forgotten_in_time(static: Path) -> None:
    of_page = Assets()
    first, words = of_page.now().digest, (static / "words.js").read_text()
    for turn in range(assets.KEPT):
        change(static / "words.js", f"{words}// {turn}")
        of_page.now()
    assert of_page.find(first, "main.js") is None


def test_another_worker_of_the_same_files_finds_them_at_once(static: Path) -> None:
    """Though nobody asked it for the document before."""
    digest = Assets().now().digest
    assert Assets().find(digest, "main.js") is not None
    assert Assets().find("0" * 16, "main.js") is None


@pytest.mark.parametrize("path", ["features/none.js", "answers/none.js"])
def test_a_type_without_a_module_gets_the_one_for_any(path: str) -> None:
    found = Assets().find(None, path)
    assert found is not None
    assert found.plain == b'export * from "./any.js";\n'


@pytest.mark.parametrize(
    "path",
    [
        *("", ".", "..", "none.js", "sections/none.js", "features/none.css", "features/.js", "features/a.b.js"),
        *(
            "../assets.py",
            "features/../../assets.py",
            "features//none.js",
            "/etc/passwd",
            "features/" + "x" * 65 + ".js",
        ),
        *("features/\u00e4.js", "features/a%2f.js", "features/none.js/", "__pycache__/x.js"),
    ],
)
def test_what_is_no_file_of_the_page_is_not_there(path: str) -> None:
    assert Assets().find(None, path) is None
