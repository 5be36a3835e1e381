"""`python -m tests.page.pictures [names]`: the page in each of its states ─> docs/pictures/page-*.png.

    services of real bundles ─> Chromium ─> a picture each, in few colours so that it stays small

The model of the pictures for readers is the committed one; the others are the bundles of the tests.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.app.http.test_api_keys import ONE, TWO, keys
from tests.page import bundles
from tests.support.serving import PATIENCE_S, ROOT, process
from tests.support.tools import chromium

FOLDER = ROOT / "docs" / "pictures"
COLOURS = 128
BYTES_MAX = 150_000  # of a picture
STILL_MS = 1200  # until what moves has come to rest; a picture is no test
Act = Callable[[Page], None]


def nothing(page: Page) -> None:
    """Leave the page as it opens."""


def example(page: Page) -> None:
    """Look at a row that somebody sent once."""
    page.get_by_role("button", name="Example").click()


def search(page: Page) -> None:
    """Look for a word among 50,000."""
    page.get_by_label("level", exact=True).press_sequentially("place 04")


def newer(page: Page) -> None:
    """Let a version come while the page is open."""
    bundles.write(Path(page.evaluate("window.folder")), "classes", version=2, shift=1)
    for value in range(100):
        page.get_by_label("age", exact=True).fill(str(value % 10))
        page.wait_for_timeout(200)
        if page.get_by_text("Version 2").first.is_visible():
            return


def away(page: Page) -> None:
    """Take the network away."""
    page.context.set_offline(True)
    page.get_by_label("age", exact=True).fill("3")


def wrong_key(page: Page) -> None:
    """Give a key that the service does not know."""
    page.get_by_label("Key", exact=True).fill(TWO)
    page.keyboard.press("Enter")


def right_key(page: Page) -> None:
    """Give the key of the service."""
    page.get_by_label("Key", exact=True).fill(ONE)
    page.keyboard.press("Enter")


@dataclass(frozen=True)
class Picture:
    """A state of the page, and how large it is drawn."""

    model: str
    act: Act = nothing
    size: tuple[int, int] = (1280, 1000)
    dark: bool = False
    keyed: bool = False  # by the service that asks for keys, whose one version is broken


PICTURES = {
    "desk": Picture("adult-income", example, (1280, 1250)),
    "desk-dark": Picture("adult-income", example, (1280, 1250), dark=True),
    "phone": Picture("adult-income", example, (390, 844)),
    "73-features": Picture("wide"),
    "four-labels": Picture("classes", example),
    "several-labels": Picture("labels", example),
    "thousand-labels": Picture("thousand-labels"),
    "large-vocabulary": Picture("large-vocabulary", search, (1280, 700)),
    "odd-names": Picture("odd-names"),
    "newer-version": Picture("classes", newer, (1280, 600)),
    "away": Picture("binary", away, (1280, 600)),
    "wrong-key": Picture("binary", wrong_key, (800, 500), keyed=True),
    "failed": Picture("binary", right_key, (800, 400), keyed=True),
}


def draw(names: list[str], folder: Path) -> None:
    """Draw these pictures with services that are started in `folder`."""
    models, broken = folder / "models", folder / "broken"
    bundles.write_all(models)
    (models / "adult-income").symlink_to(ROOT / "models" / "adult-income")
    (bundles.write(broken, "binary") / "model.onnx").write_bytes(b"cut off")
    file = str(keys(folder, [ONE]))
    with (
        process(models, folder, "--watch-s", "0.2") as plain,
        process(broken, folder, "--api-keys-file", file) as asking,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name in names:
            picture = PICTURES[name]
            address = asking.address if picture.keyed else plain.address
            save(name, drawn(browser, picture, f"{address}/#model={picture.model}", models))
        browser.close()


def drawn(browser: Browser, picture: Picture, address: str, models: Path) -> bytes:
    """Open the page in a context of its own, bring it into its state and take the picture."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if picture.dark else "light"
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("dialog" if picture.keyed else ".answer > *")
    page.evaluate("(folder) => { window.folder = folder }", str(models))
    picture.act(page)
    page.wait_for_timeout(STILL_MS)
    png = page.screenshot()
    context.close()
    return png


def save(name: str, png: bytes) -> None:
    """Write a picture with few colours."""
    path = FOLDER / f"page-{name}.png"
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        draw(sys.argv[1:] or list(PICTURES), Path(name))
