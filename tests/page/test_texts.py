"""A text on the page: a box that is answered as one types, and its words, coloured by what each moved."""

from playwright.sync_api import Locator, Page, Request, expect

from tests.page.conftest import OpenPage
from tests.page.test_try import wait_for
from tests.page.watching import Complaints


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def review(page: Page) -> Locator:
    return section(page, "Words").locator(".parted").first


def test_it_is_answered_as_one_types_and_its_words_are_coloured(open_page: OpenPage) -> None:
    page = open_page("texts")
    box, words = page.get_by_label("review", exact=True), section(page, "Words")
    box.fill("")
    box.press_sequentially("good \U0001f680 good, bad film")
    expect(review(page).locator("mark")).to_have_text(["good", "bad"])  # the graph does not know `good,`
    good, bad = review(page).locator("mark").all()
    assert "against" not in (good.get_attribute("class") or "")
    assert bad.get_attribute("class") == "against"
    expect(words).to_contain_text("What moved the probability of yes most: “")
    expect(review(page)).to_have_text("good \U0001f680 good, bad film")
    page.get_by_label("reply", exact=True).fill("")
    box.fill("film")
    expect(words).to_contain_text("No word alone moves the probability of yes.")
    expect(words.locator("mark")).to_have_count(0)


def test_what_is_too_long_or_empty_is_said(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expect("status of 400")
    page = open_page("texts")
    box = page.get_by_label("review", exact=True)
    box.fill("\U0001f680" * 60)
    expect(box).to_have_attribute("aria-invalid", "false")
    box.fill("\U0001f680" * 61)
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Longer than 60 characters")).to_be_visible()
    expect(section(page, "Answer")).to_contain_text("at most 60 characters. Received: 61 characters")
    box.fill("")
    expect(page.get_by_text("Write something: a text was never missing in training.")).to_be_visible()
    page.get_by_label("reply", exact=True).fill("")
    wait_for(page, "reply", None)


def test_a_text_is_asked_as_a_preview(open_page: OpenPage) -> None:
    page = open_page("texts", fresh=True)
    expect(section(page, "Words")).to_be_visible()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks what it is given
    page.get_by_label("review", exact=True).fill("bad bad")
    expect(review(page).locator("mark")).to_have_text(["bad", "bad"])
    asked = [request for request in asked if "/predict" in request.url]
    assert asked
    assert all("purpose=preview" in request.url for request in asked)
    assert [bool((request.post_data_json or {}).get("explain")) for request in asked].count(True) == 1


def test_models_without_texts_have_no_such_part(page: Page) -> None:
    expect(section(page, "Answer")).to_be_visible()
    expect(section(page, "Words")).to_have_count(0)
