"""What is open: a list, a model, a version that comes or goes, and a fault that passes."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.page import bundles
from tests.page.conftest import OpenPage
from tests.page.watching import Complaints
from tests.support.serving import PATIENCE_S


def test_several_models_are_a_list_first(open_page: OpenPage) -> None:
    page = open_page("nobody")
    expect(page.get_by_text("There is no model nobody here.")).to_be_visible()
    expect(page.get_by_role("listitem")).to_have_count(len(bundles.BUNDLES))
    expect(page.get_by_role("listitem").filter(has_text="odd-names")).to_contain_text("ROC AUC 0.9")
    page.get_by_role("link", name="odd-names").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("odd-names")
    page.get_by_role("link", name="All models").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{len(bundles.BUNDLES)} models")


def test_it_says_what_the_model_says_and_how_well(page: Page) -> None:
    said = page.locator(".lead")
    expect(said).to_contain_text("Says target (no or yes) from 5 features. ROC AUC 0.9 on 300 rows that it never saw")
    expect(said).to_contain_text("gradient boosting 0.9, a linear model 0.8, guessing 0.5.")


def test_versions_come_and_go_while_the_page_is_open(tmp_path: Path, open_page: OpenPage) -> None:
    models, aside = tmp_path / "models", tmp_path / "aside"
    models.mkdir()
    page = open_page("binary", "--watch-s", "0.1", folder=models, usable=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("No model yet")
    bundles.write(models, "binary")
    age = page.get_by_label("age", exact=True)
    age.fill("7")
    bundles.write(models, "binary", version=2, shift=-203)
    newer = page.get_by_role("button", name="Open version 2 with this row")
    change_until(page, newer)
    value = age.input_value()
    newer.press("Enter")
    version = page.get_by_label("Version", exact=True)
    expect(version).to_have_value("2")
    expect(age).to_have_value(value)
    (bundles.write(aside, "binary", version=3) / "model.onnx").write_bytes(b"another")
    (aside / "binary" / "3").rename(models / "binary" / "3")
    expect(reloaded(page).get_by_label("Version", exact=True)).to_contain_text("3")
    version.select_option("3")
    expect(page.get_by_text("Version 3: failed. ")).to_be_visible(timeout=PATIENCE_S * 1000)
    page.go_back()
    expect(age).to_have_value(value)


def reloaded(page: Page) -> Page:
    """Load the page again once the service has refused version 3."""
    page.wait_for_function(
        "async () => fetch('models').then((reply) => reply.text()).then((text) => text.includes('failed'))",
        polling=250,  # ms; asked at each frame, the service has no time to load
    )
    page.reload()
    return page


def change_until(page: Page, wanted: Locator) -> None:
    """Change the row until the page has noticed: it looks after an answer."""
    for value in range(100):
        with page.expect_response("**/predict?*"):
            page.get_by_label("age", exact=True).fill(str(value))
        page.wait_for_timeout(50)
        if wanted.is_visible():
            return


def test_a_fault_is_said_in_one_place_and_passes(page: Page, complaints: Complaints) -> None:
    complaints.expect("ERR_FAILED")
    page.route("**/predict?*", lambda route: route.abort())
    page.get_by_label("age", exact=True).fill("3")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    page.unroute("**/predict?*")
    expect(page.get_by_role("alert")).to_have_text("")


def test_a_section_that_fails_takes_no_other_along(open_page: OpenPage) -> None:
    page = open_page(fresh=True)
    lost = "Object.defineProperty(document, 'baseURI', { get() { throw new Error('lost'); } })"  # which one part reads
    page.add_init_script(lost)
    page.reload()
    expect(page.get_by_text("The part “call” of this page failed: lost")).to_be_visible()
    expect(page.get_by_label("age", exact=True)).to_be_visible()


def test_the_answer_stays_in_sight_on_a_telephone(open_page: OpenPage) -> None:
    page = open_page("wide", width=320)
    page.get_by_label("sensor_11", exact=True).scroll_into_view_if_needed()
    page.get_by_label("sensor_11", exact=True).fill("3")
    expect(page.locator(".column.answer > :first-child")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_that_waits_is_drawn_twice(tmp_path: Path, open_page: OpenPage) -> None:
    """A list that is looked at again keeps the focus."""
    for name in ("binary", "value"):
        bundles.write(tmp_path, name)
    page = open_page("nobody", folder=tmp_path)
    page.get_by_role("link", name="value").focus()
    for _ in range(2):
        with page.expect_response("**/models"):
            pass
    expect(page.get_by_role("link", name="value")).to_be_focused()
