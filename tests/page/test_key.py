"""A service that asks for keys: the page asks a person, says when one is wrong, and keeps it in memory alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.http.test_api_keys import ONE, TWO, keys
from tests.page.conftest import OpenPage, wait_until_usable
from tests.page.watching import Complaints

Opened = Callable[[], Page]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of one service for all tests that change none."""
    return keys(tmp_path_factory.mktemp("keys"), [ONE])


@pytest.fixture
def opened(open_page: OpenPage, complaints: Complaints, file: Path) -> Opened:
    """Open the page of a service that asks for keys."""
    complaints.expect("status of 401")
    return lambda: open_page("binary", "--api-keys-file", str(file), usable=False)


def enter(page: Page, key: str) -> None:
    """By the keyboard alone."""
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    page.keyboard.type(key)
    page.keyboard.press("Enter")


def test_a_wrong_key_is_said_and_the_right_one_opens(opened: Opened) -> None:
    page = opened()
    dialog = page.get_by_role("dialog", name="A key, please")
    expect(dialog).to_contain_text("This service answers those who have one of its keys.")
    enter(page, TWO)
    expect(dialog.get_by_role("alert")).to_have_text("The service does not know this key.")
    enter(page, ONE)
    wait_until_usable(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("binary")
    expect(dialog).to_have_count(0)
    expect(page.locator(".code")).to_contain_text("authorization: Bearer $KEY")
    expect(page.locator(".code")).not_to_contain_text(ONE)


def test_a_key_stands_nowhere_but_in_memory(opened: Opened) -> None:
    """Neither in the address nor in a store: who loads the page again is asked again."""
    page = opened()
    enter(page, ONE)
    wait_until_usable(page)
    kept = page.evaluate("[location.href, document.cookie, JSON.stringify({...localStorage, ...sessionStorage})]")
    assert [ONE in text for text in kept] == [False, False, False]
    assert ONE not in page.content()
    page.reload()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_who_has_no_key_is_asked_once_and_may_come_back(opened: Opened) -> None:
    page = opened()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("The service asks for a key")
    expect(page.get_by_role("alert")).to_contain_text("Enter a key to go on.")
    page.get_by_role("button", name="Enter a key").click()
    enter(page, ONE)
    wait_until_usable(page)
    expect(page.get_by_role("button", name="Enter a key")).to_be_hidden()


def test_what_no_header_holds_is_no_key(opened: Opened) -> None:
    page = opened()
    enter(page, "ein Schlüssel")
    box = page.get_by_label("Key", exact=True)
    assert box.evaluate("box => box.validity.patternMismatch")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_key_that_is_taken_back_is_asked_for_anew(
    open_page: OpenPage, complaints: Complaints, tmp_path: Path
) -> None:
    """While the page is open; the row that is looked at stays."""
    complaints.expect("status of 401")
    page = open_page("binary", "--api-keys-file", str(keys(tmp_path, [ONE])), usable=False)
    enter(page, ONE)
    wait_until_usable(page)
    keys(tmp_path, [TWO])
    dialog = page.get_by_role("dialog")
    page.get_by_role("spinbutton", name="age").fill("7")
    while not dialog.is_visible():  # the service looks at its file each second
        page.get_by_role("spinbutton", name="age").press("ArrowUp")
    expect(dialog.get_by_role("alert")).to_have_text("The service does not know this key.")
    enter(page, TWO)
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("spinbutton", name="age")).not_to_have_value("")
