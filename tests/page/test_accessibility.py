"""Everybody can use the page: what axe-core finds in each look and state, and what is wider than the screen."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.app.http.test_api_keys import ONE, TWO, keys
from tests.page.bundles import BUNDLES, write
from tests.page.conftest import HEIGHT, OpenPage
from tests.page.watching import Complaints

AXE = Axe()
KINDS = {"resultTypes": ["violations", "incomplete"]}
TEXT_PX = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility())
  .filter((one) => [...one.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()))
  .map((one) => [one.outerHTML.slice(0, 80), parseFloat(getComputedStyle(one).fontSize)])"""
WIDE = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@dataclass(frozen=True)
class Look:
    """How somebody looks at the page."""

    width: int = 1280
    dark: bool = False
    text: str = "100%"  # size of the root's font

    def show(self, page: Page) -> None:
        page.set_viewport_size({"width": self.width, "height": HEIGHT})
        page.emulate_media(color_scheme="dark" if self.dark else "light")
        page.evaluate("(size) => { document.documentElement.style.fontSize = size }", self.text)


LOOKS = {
    "light": Look(),
    "dark": Look(dark=True),
    "narrow": Look(width=320),
    "narrow and dark": Look(width=390, dark=True),
    "zoomed": Look(width=640),  # 1280 pixels at 200 %
    "large text": Look(text="200%"),
    "large text and narrow": Look(width=640, text="200%"),
}


def settled(page: Page) -> Page:
    """Wait until the first row is answered and explained."""
    expect(page.locator(".answer > *").first).to_be_attached()
    expect(page.locator(".why:not([hidden]) > div > *").first).to_be_attached()
    return page


def findings(page: Page, within: str | None = None) -> list[str]:
    """What axe-core objects to, and what it cannot judge itself.

    Cells that a narrow table has scrolled away are judged where the table is whole.
    """
    found = AXE.run(page, within, KINDS).response
    return [
        f"{kind} {rule['id']}: {node['target']} {_why(node)} {node['html'][:160]}"
        for kind in KINDS["resultTypes"]
        for rule in found[kind]
        for node in rule["nodes"]
        if not (kind == "incomplete" and rule["id"] == "color-contrast" and _in_a_wide_table(page, node))
    ]


def _in_a_wide_table(page: Page, node: dict[str, Any]) -> bool:
    return bool(page.evaluate("(path) => document.querySelector(path).closest('.wide') !== null", node["target"][0]))


def _why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for way in ("any", "all", "none") for check in node[way])


def _too_wide(page: Page) -> list[str]:
    px = page.evaluate(WIDE)
    return [f"{px} px wider than the screen"] if px else []


def in_each_look(page: Page, judge: Callable[[Page], Any], *names: str) -> dict[str, Any]:
    """What `judge` finds in these looks, or in all, where it finds anything."""
    found = {}
    for name in names or LOOKS:
        LOOKS[name].show(page)
        found[name] = judge(page)
    return {name: each for name, each in found.items() if each}


def test_axe_finds_nothing_in_any_look(open_page: OpenPage) -> None:
    page = settled(open_page("binary", bypass_csp=True))
    assert in_each_look(page, findings, "light", "dark", "narrow", "large text", "large text and narrow") == {}


@pytest.mark.parametrize("name", ["labels", "odd-names", "texts", "value"])
def test_axe_finds_nothing_in_any_bundle(name: str, open_page: OpenPage) -> None:
    assert findings(settled(open_page(name, bypass_csp=True))) == []


def test_all_text_grows_with_the_font_that_a_reader_has_chosen(page: Page) -> None:
    before = settled(page).evaluate(TEXT_PX)
    LOOKS["large text"].show(page)
    after = page.evaluate(TEXT_PX)
    assert len(before) == len(after) > 100
    assert [was for was, now in zip(before, after, strict=True) if now[1] != pytest.approx(2 * was[1])] == []


@pytest.mark.parametrize("name", BUNDLES)
def test_nothing_is_wider_than_the_screen(name: str, open_page: OpenPage) -> None:
    page = settled(open_page(name))
    assert in_each_look(page, _too_wide) == {}


def test_axe_finds_nothing_where_the_service_is_away(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    page = settled(open_page("binary", bypass_csp=True))
    page.context.set_offline(True)
    page.get_by_label("age", exact=True).fill("3")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    assert in_each_look(page, findings, "dark") == {}


def test_axe_finds_nothing_where_a_value_is_refused(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expect("status of 400")
    page = settled(open_page("binary", bypass_csp=True))
    page.route("**/predict?*", refused)
    page.get_by_label("age", exact=True).fill("3")
    expect(page.locator(".answer .error")).to_contain_text("instances[0].age")
    assert in_each_look(page, findings, "light", "narrow and dark") == {}


def refused(route: Route) -> None:
    """Send on what no control of the page would: the service refuses it."""
    rows = json.loads(route.request.post_data or "")["instances"]
    route.continue_(post_data=json.dumps({"instances": [row | {"age": "old"} for row in rows]}))


ROW = b"5,5,true,low,2025-01-01\n"
FILES = {
    "answered": (b"age,hours-per-week,member,level,since\n" + ROW + ROW, "2 rows answered"),
    "set aside": (b"age,hours-per-week,member,level,since\n" + ROW + b"old,5,true,low,2025-01-01\n", "1 set aside"),
    "another table": (b"Age,hours\n5,5\n", "The file lacks columns"),
    "no table": (b"PK\x03\x04", "does not read this file"),
}


def test_axe_finds_nothing_in_what_comes_of_a_file(open_page: OpenPage) -> None:
    page, found = settled(open_page("binary", bypass_csp=True)), {}
    for name, (content, said) in FILES.items():
        page.locator("#rows-file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": content})
        expect(page.locator("#rows > div:not(.drop)")).to_contain_text(said)
        found[name] = in_each_look(page, lambda shown: findings(shown, "#rows") + _too_wide(shown), "narrow", "dark")
    assert {name: each for name, each in found.items() if each} == {}


def test_axe_finds_nothing_where_a_key_is_asked_or_a_version_failed(
    tmp_path: Path, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expect("status of 401")
    folder = write(tmp_path / "models", "binary")
    (folder / "model.onnx").write_bytes(b"cut off")
    file = keys(tmp_path, [ONE])
    page = open_page("binary", "--api-keys-file", str(file), folder=tmp_path / "models", usable=False, bypass_csp=True)
    page.get_by_role("textbox").fill(TWO)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    assert in_each_look(page, findings, "light", "narrow and dark") == {}
    page.get_by_role("textbox").fill(ONE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Version 1 is not served")).to_be_visible()
    assert in_each_look(page, findings, "light", "narrow and dark") == {}
