"""The form: every type of feature by keyboard, odd names, many features, and a row that a link carries."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.page import bundles
from tests.page.conftest import OpenPage
from tests.support import tiny


def row_of(page: Page) -> dict[str, Any]:
    """Return the row that stands in the address, once it is written there."""
    page.wait_for_function("location.hash.includes('row=')")
    row: dict[str, Any] = json.loads(parse_qs(urlsplit(page.url).fragment)["row"][0])
    return row


def wait_for(page: Page, name: str, value: Any) -> None:
    """Wait until the address says a value of a feature."""
    page.wait_for_function(
        "([name, value]) => JSON.parse(new URLSearchParams(location.hash.slice(1)).get('row') ?? '{}')[name] === value",
        arg=[name, value],
    )


def test_sliders_and_boxes_are_one_control_by_keyboard(page: Page) -> None:
    slider, box = page.get_by_label("age, slider"), page.get_by_label("age", exact=True)
    slider.focus()
    page.keyboard.press("Home")
    expect(box).to_have_value("0")
    page.keyboard.press("ArrowRight")
    expect(box).to_have_value("1")
    box.fill("7")
    expect(slider).to_have_attribute("aria-valuetext", "7")
    wait_for(page, "age", 7)


def test_values_that_training_never_saw_are_taken_and_said(page: Page) -> None:
    page.get_by_label("age", exact=True).fill("1234")
    expect(page.get_by_text("Outside of what training saw: 0 to 10.")).to_be_visible()
    page.get_by_label("level", exact=True).select_option(label="another value …")
    page.get_by_label("level, another value").fill("strange")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Not seen in training")).to_be_visible()
    wait_for(page, "level", "strange")
    assert row_of(page)["age"] == 1234


def test_only_what_is_optional_may_be_missing(page: Page) -> None:
    before = page.get_by_label("age", exact=True).input_value()
    page.get_by_label("hours-per-week", exact=True).fill("")
    page.get_by_label("age", exact=True).fill("")
    expect(page.get_by_label("age", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("level", exact=True).select_option(label="missing")
    wait_for(page, "level", None)
    row = row_of(page)
    assert (row["hours-per-week"], row["age"]) == (None, float(before))


def test_dates_are_on_the_clock_of_their_column(open_page: OpenPage) -> None:
    page = open_page(row=tiny.instance(bundles.BUNDLES["binary"]) | {"since": "2024-02-03T23:30Z"})
    since = page.get_by_label("since", exact=True)
    expect(since).to_have_value("2024-02-04T00:30")
    since.fill("2024-05-06T07:08")
    wait_for(page, "since", "2024-05-06T07:08+01:00")


def test_buttons_bring_whole_rows(page: Page) -> None:
    page.get_by_role("button", name="Example").click()
    wait_for(page, "age", 0)
    page.get_by_role("button", name="Example").click()
    wait_for(page, "age", 0.25)
    page.get_by_role("button", name="Typical").click()
    wait_for(page, "age", 5)
    page.get_by_role("button", name="Shuffle").click()
    assert set(row_of(page)) == set(tiny.instance(bundles.BUNDLES["binary"]))


def test_without_examples_rows_are_drawn_as_training_was_spread(open_page: OpenPage) -> None:
    page = open_page("binary", "--no-examples")
    expect(page.get_by_role("button", name="Example")).to_have_count(0)
    page.get_by_role("button", name="Shuffle").click()
    row = row_of(page)
    assert 0 <= row["age"] <= 10
    assert row["level"] in (*tiny.WORDS, None)
    assert "2019" < row["since"] < "2031"


def test_of_many_features_the_first_twelve_show(open_page: OpenPage) -> None:
    page = open_page("wide")
    fields = page.locator(".field")
    expect(fields).to_have_count(12)
    page.get_by_role("searchbox").fill("KIND")
    expect(fields).to_have_count(7)
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Show the other 61").press("Enter")
    expect(fields).to_have_count(73)
    expect(page.get_by_label("sensor_12", exact=True)).to_be_focused()


def test_a_large_vocabulary_is_searched(open_page: OpenPage) -> None:
    page = open_page("large-vocabulary")
    box = page.get_by_label("level", exact=True)
    box.fill("049")
    assert 1 < page.locator("datalist option").count() <= 100
    box.fill("place 04999")
    wait_for(page, "level", "place 04999")
    expect(page.get_by_text("Not seen in training")).to_have_count(0)


def test_any_name_is_a_name(open_page: OpenPage) -> None:
    page = open_page("odd-names")
    for place, name in enumerate(bundles.ODD[:-1]):
        page.get_by_label(name, exact=True).fill(str(place))
    page.get_by_label("Цена", exact=True).select_option(index=2)
    wait_for(page, "Цена", "дорого")
    row = row_of(page)
    assert [row[name] for name in bundles.ODD[:-1]] == [0, 1, 2, 3]
    expect(page.get_by_role("alert")).to_have_text("")


def test_a_link_brings_its_row_checked(open_page: OpenPage) -> None:
    page = open_page(row={"age": 3, "level": 7, "member": None, "hours-per-week": None, "nobody": 1, "since": "soon"})
    page.get_by_label("age", exact=True).fill("4")
    wait_for(page, "age", 4)
    expect(page.get_by_label("hours-per-week", exact=True)).to_have_value("")
    row, typical = row_of(page), {"level": "low", "member": True}
    assert row | typical == row
    assert "nobody" not in row
    assert row["since"] != "soon"
