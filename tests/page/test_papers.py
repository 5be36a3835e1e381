"""The bundle's card, report and files on the page: fetched when wanted, never more than text."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.bundle import reader
from tests.app.http.test_api_keys import ONE, keys
from tests.page import bundles as made
from tests.page.conftest import OpenPage, wait_until_usable
from tests.page.watching import Complaints
from tests.support import tiny

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
CARD = b"""# A card

<img src=x onerror=alert(1)> **bold** [report](report.html) [away](https://example.org) [run](javascript:alert(1))

| model | score |
| --- | ---: |
| shipped | 0.9 |

![roc](roc.png)
"""
FILES = {"card.md": CARD, "report.html": b"<h1>A report</h1><script>document.title = 'ran'</script>", "roc.png": PIXEL}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with papers."""
    root = tmp_path_factory.mktemp("papers")

    def listed(manifest: dict[str, Any]) -> None:
        for name, data in FILES.items():
            path = root / "binary" / "1" / name
            path.write_bytes(data)
            manifest["files"][name] = {"sha256": reader.sha256(path), "bytes": len(data)}

    tiny.write(root, made.BUNDLES["binary"], listed)
    return root


def card_of(page: Page) -> Any:
    page.get_by_text("The card: how it was made").click()
    return page.locator(".paper")


def test_the_card_is_fetched_when_it_is_opened_and_holds_no_markup(open_page: OpenPage, models: Path) -> None:
    page = open_page(folder=models, fresh=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    paper = card_of(page)
    expect(paper.get_by_role("heading", name="A card")).to_be_visible()
    assert {"card.md", "roc.png"} <= set(asked)
    expect(paper).to_contain_text("<img src=x onerror=alert(1)> bold report")
    expect(paper).to_contain_text("away (https://example.org) [run](javascript:alert(1))")
    expect(paper.get_by_role("link")).to_have_count(1)
    expect(paper.get_by_role("cell", name="0.9")).to_be_visible()
    expect(paper.get_by_role("img", name="roc")).to_have_js_property("naturalWidth", 1)


def test_the_report_opens_in_a_sandbox(open_page: OpenPage, models: Path, complaints: Complaints) -> None:
    """In a tab of its own, where none of its scripts runs."""
    complaints.expect("Blocked script execution|script-src")
    page = open_page(folder=models)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the report").click()
    expect(opened.value.get_by_role("heading", name="A report")).to_be_visible()
    assert opened.value.title() != "ran"
    assert opened.value.evaluate("origin") == "null"


def test_files_are_listed_with_their_sizes_and_the_graph_without_a_link(open_page: OpenPage, models: Path) -> None:
    page = open_page(folder=models)
    page.get_by_text("Files", exact=True).click()
    files = page.locator(".papers li")
    expect(files).to_have_count(6)
    expect(files.filter(has_text="report.html")).to_have_text(f"report.html {len(FILES['report.html'])} B")
    expect(files.filter(has_text="model.onnx").get_by_role("link")).to_have_count(0)


def test_with_a_key_the_report_is_saved_and_pictures_come(
    open_page: OpenPage, models: Path, complaints: Complaints, tmp_path: Path
) -> None:
    complaints.expect("status of 401")
    page = open_page("binary", "--api-keys-file", str(keys(tmp_path, [ONE])), folder=models, usable=False)
    page.get_by_label("Key", exact=True).fill(ONE)
    page.keyboard.press("Enter")
    wait_until_usable(page)
    expect(card_of(page).get_by_role("img", name="roc")).to_have_js_property("naturalWidth", 1)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Open the report").click()
    assert saved.value.suggested_filename == "report.html"
    assert Path(saved.value.path()).read_bytes() == FILES["report.html"]
