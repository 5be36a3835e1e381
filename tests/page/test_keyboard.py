"""Without a mouse: every control is reached by Tab, the answer is said, and a file is scored."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import OpenPage

FOCUSED = "() => document.activeElement.getAttribute('type') + ' ' + document.activeElement.id"
STEPS = 80  # of Tab until the end of the page


def tab_to(page: Page, wanted: Callable[[str], bool]) -> None:
    """Press Tab until what has the focus is wanted."""
    seen = []
    for _ in range(STEPS):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        if wanted(seen[-1]):
            return
    raise AssertionError(f"expected to come to it by Tab. Received: {seen}")


def spoken(page: Page) -> Locator:
    """What a screen reader says when the answer has come to rest."""
    return page.get_by_role("region", name="Answer").get_by_role("status")


def test_arrows_change_a_feature_and_the_answer_is_said(page: Page) -> None:
    expect(spoken(page)).to_contain_text("target")
    before = spoken(page).inner_text()
    tab_to(page, lambda focused: focused.startswith("range"))
    with page.expect_response("**/predict?*"):
        for _ in range(3):
            page.keyboard.press("ArrowRight")
    expect(spoken(page)).not_to_have_text(before)
    expect(spoken(page)).to_contain_text("target")


def test_a_file_is_answered_and_taken_away(open_page: OpenPage) -> None:
    """Space opens the chooser of files; from the box of the file, its answers are the next stop."""
    page = open_page("binary", fresh=True)
    page.on("filechooser", lambda _: None)  # from here on the browser asks the test and not a person
    tab_to(page, lambda focused: focused == "file rows-file")
    table = b"age,hours-per-week,member,level,since\n5,5,true,low,2025-01-01\n9,1,false,high,2026-01-01\n"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files({"name": "two.csv", "mimeType": "text/csv", "buffer": table})
    expect(page.locator("#rows").get_by_role("status")).to_contain_text("2 rows answered")
    page.keyboard.press("Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.path().read_text().count("\n") == 3
