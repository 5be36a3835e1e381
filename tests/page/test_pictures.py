"""The pictures of the page: each is drawn, small, and shown to readers."""

from tests.page.pictures import BYTES_MAX, FOLDER, PICTURES
from tests.support.serving import ROOT


def test_each_picture_is_there_and_small() -> None:
    sizes = {path.stem.removeprefix("page-"): path.stat().st_size for path in FOLDER.glob("page-*.png")}
    assert sizes.keys() == PICTURES.keys()
    assert {name: size for name, size in sizes.items() if size > BYTES_MAX} == {}


def test_each_picture_is_shown() -> None:
    text = (ROOT / "docs" / "page.md").read_text()
    assert [name for name in PICTURES if f"](pictures/page-{name}.png)" not in text] == []
