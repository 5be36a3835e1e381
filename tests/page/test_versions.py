"""What the section "Versions" says: who answers, who gets a part, and two versions on the same row."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page import bundles
from tests.page.conftest import OpenPage

RULES = ("--canary", json.dumps({"binary": {"version": 3, "share": 0.1}}),
         "--shadow", json.dumps({"binary": {"version": 4, "share": 0.5}}))  # fmt: skip


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five versions of `binary`: one has another feature, and one is refused."""
    folder = tmp_path_factory.mktemp("versions")
    for version in (2, 3, 5):
        bundles.write(folder, "binary", version=version, shift=-204.5 + version)
    bundles.write(folder, "binary", version=4, numbers=("age", "height"), optional=("level",), shift=-204.5)
    (bundles.write(folder, "binary", version=1) / "card.md").unlink()
    return folder


@pytest.fixture
def page(open_page: OpenPage, several: Path) -> Page:
    return open_page("binary", "--versions", "all", *RULES, folder=several)


def card(page: Page) -> Any:
    return page.locator("section.card", has=page.get_by_role("heading", name="Versions", exact=True))


def test_who_gets_what(page: Page) -> None:
    lines = [line.strip() for line in card(page).locator(".versions li").all_inner_texts()]
    assert lines[0].startswith("Version 1: failed. ")
    assert "card.md" in lines[0]
    assert [line.split("\n")[0].strip() for line in lines][1:] == [f"Version {v}: ready" for v in (2, 3, 4, 5)]
    roles = [" ".join(line.split("\n")[-1].split(" · ")[0].split()) for line in lines[1:]]
    assert roles == [
        "Answers requests that name it",
        "A canary: answers 10 % of the requests that name no version",
        "A shadow: gets copies of 50 % of the requests, and answers nobody",
        "Answers 90 % of the requests that name no version",
    ]
    assert "ROC AUC 0.9 · made on 2026-01-01" in lines[1]


def test_two_versions_on_the_same_row(page: Page, complaints: Any) -> None:
    """Anew with each answer of the page, and by the version that is chosen."""
    complaints.expect("status of 400")  # of version 4, which is chosen at first
    card(page).scroll_into_view_if_needed()
    other = card(page).get_by_label("The row above, answered by")
    other.select_option("2")
    said = card(page).locator(".others > div > p")
    expect(said).to_contain_text("Version 2 says ")
    expect(card(page).locator("h3")).to_have_text(["Version 5, which is open", "Version 2"])
    before = said.inner_text()
    page.evaluate("scrollTo(0, 0)")
    page.get_by_label("age", exact=True).last.fill("1")
    card(page).scroll_into_view_if_needed()
    expect(said).not_to_have_text(before)
    other.select_option("3")
    expect(said).to_contain_text("Version 3 says ")


def test_a_version_that_does_not_take_the_row_says_so(page: Page, complaints: Any) -> None:
    complaints.expect("status of 400")
    card(page).scroll_into_view_if_needed()
    card(page).get_by_label("The row above, answered by").select_option("4")
    expect(card(page).locator(".error")).to_contain_text(
        "Version 4 does not answer this row: Invalid `instances[0].height`"
    )


def test_one_version_has_nobody_to_compare_with(open_page: OpenPage) -> None:
    page = open_page()
    expect(card(page).locator(".versions li")).to_have_count(1)
    expect(card(page)).to_contain_text("Answers requests that name no version")
    assert card(page).locator("select").count() == 0
