"""What if one feature were otherwise, and why: both ask about the row that is on the page, and once."""

import re

from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.page.conftest import OpenPage
from tests.page.watching import Complaints


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def curve(page: Page) -> Locator:
    return section(page, "What if").get_by_role("slider")


def test_all_values_are_one_request(open_page: OpenPage) -> None:
    page = open_page(fresh=True)
    asked: list[int] = []

    def count(request: Request) -> None:
        asked.append(len((request.post_data_json or {})["instances"]))

    expect(curve(page)).to_be_visible()
    page.on("request", count)
    section(page, "What if").get_by_role("combobox", name="Feature").select_option("hours-per-week")
    expect(section(page, "What if")).to_contain_text("at hours-per-week 0")
    assert len(asked) == 1
    assert 11 <= asked[0] <= 41


def test_arrows_on_the_curve_set_the_feature_and_keep_the_focus(page: Page) -> None:
    curve(page).focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(page.get_by_label("age", exact=True)).to_have_value("10")
    expect(curve(page)).to_have_attribute("aria-valuetext", re.compile("^10: "))
    expect(curve(page)).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_label("age", exact=True)).to_have_value("0")


def test_a_click_on_the_curve_sets_the_feature(page: Page) -> None:
    box = curve(page).bounding_box()
    assert box
    curve(page).click(position={"x": box["width"] * 0.8, "y": 20})
    expect(page.get_by_label("age", exact=True)).to_have_value("8")


def test_a_bar_sets_a_word(page: Page) -> None:
    section(page, "What if").get_by_role("combobox", name="Feature").select_option("level")
    section(page, "What if").get_by_role("button", name="high").click()
    expect(page.get_by_label("level", exact=True).locator("option:checked")).to_have_text("high")
    expect(section(page, "What if").get_by_role("button", name="high")).to_have_attribute("aria-pressed", "true")


def test_the_feature_that_is_touched_is_the_one_that_is_shown(page: Page) -> None:
    page.get_by_label("member", exact=True).focus()
    expect(section(page, "What if").get_by_role("button")).to_have_text(["true", "false"])


def test_of_several_labels_one_is_looked_at(open_page: OpenPage) -> None:
    page = open_page("classes")
    section(page, "What if").get_by_label("looking at").select_option("setosa")
    expect(section(page, "What if")).to_contain_text("The probability of setosa")
    page.get_by_label("age", exact=True).fill("9")
    expect(section(page, "Why")).to_contain_text("The probability of setosa is")


def test_shares_add_up_to_the_difference_to_the_typical_row(page: Page) -> None:
    why = section(page, "Why")
    expect(why).to_contain_text("This is the typical row itself")
    page.get_by_label("age", exact=True).fill("9")
    page.get_by_label("hours-per-week", exact=True).fill("1")
    expect(why.get_by_role("listitem")).to_have_count(2)
    expect(why).to_contain_text("Shapley values, exact: 4 answers.")
    told = re.search(r"is ([\d.]+)\s%; for the typical row it is ([\d.]+)\s%", why.inner_text())
    shares = [text.replace("\u2212", "-") for text in why.locator("li .text").all_inner_texts()]
    assert told
    assert abs(sum(float(text.split()[0]) for text in shares) - (float(told[1]) - float(told[2]))) < 1.5


def test_many_features_are_drawn_with_their_error(open_page: OpenPage) -> None:
    page = open_page("wide")
    page.get_by_role("button", name="Shuffle").click()
    expect(section(page, "Why")).to_contain_text("orders in which the features may change")
    expect(section(page, "Why").get_by_role("listitem")).to_have_count(8)


def test_a_request_holds_no_more_rows_than_the_service_allows(page: Page, complaints: Complaints) -> None:
    complaints.expect("status of 413")

    def bound(route: Route) -> None:
        if len((route.request.post_data_json or {})["instances"]) > 3:
            route.fulfill(status=413, json={"error": "too many rows"})
        else:
            route.continue_()

    page.route("**/predict?**", bound)
    page.get_by_label("age", exact=True).fill("9")
    page.get_by_label("hours-per-week", exact=True).fill("1")
    expect(section(page, "Why")).to_contain_text("Shapley values, exact: 4 answers.")
    expect(section(page, "What if")).to_contain_text("lowest at hours-per-week 0")
