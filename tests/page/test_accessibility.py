"""Everybody can use the page: what axe-core finds in each look and state, and what is wider than the screen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.bundles import BUNDLES
from tests.page.conftest import HEIGHT, OpenPage

AXE = Axe()
KINDS = {"resultTypes": ["violations", "incomplete"]}
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
}


def settled(page: Page) -> Page:
    """Wait until the service has answered the first row: sections are then complete."""
    if page.locator("[aria-live]").count():
        expect(page.locator("[aria-live]").first).not_to_be_empty()
    return page


def findings(page: Page) -> list[str]:
    """What axe-core objects to, and what it cannot judge itself."""
    found = AXE.run(page, options=KINDS).response
    return [
        f"{kind} {rule['id']}: {node['target']} {_why(node)} {node['html'][:160]}"
        for kind in KINDS["resultTypes"]
        for rule in found[kind]
        for node in rule["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for way in ("any", "all", "none") for check in node[way])


def in_each_look(page: Page, judge: Callable[[Page], Any]) -> dict[str, Any]:
    """What `judge` finds in each look, where it finds anything."""
    found = {}
    for name, look in LOOKS.items():
        look.show(page)
        found[name] = judge(page)
    return {name: each for name, each in found.items() if each}


def test_axe_finds_nothing_in_any_look(open_page: OpenPage) -> None:
    page = settled(open_page("binary", bypass_csp=True))
    assert in_each_look(page, findings) == {}


@pytest.mark.parametrize("name", sorted(set(BUNDLES) - {"binary"}))
def test_axe_finds_nothing_in_any_bundle(name: str, open_page: OpenPage) -> None:
    assert findings(settled(open_page(name, bypass_csp=True))) == []


@pytest.mark.parametrize("name", BUNDLES)
def test_nothing_is_wider_than_the_screen(name: str, open_page: OpenPage) -> None:
    page = settled(open_page(name))
    assert in_each_look(page, lambda shown: shown.evaluate(WIDE)) == {}
