"""The answer: in words that promise no more than is known, live, and the one before until the next is there."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page import bundles as made
from tests.page.conftest import OpenPage
from tests.page.watching import Complaints


def answer(page: Page) -> Locator:
    return page.get_by_role("region", name="Answer", exact=True)


def heard(page: Page) -> Locator:
    """What a screen reader hears."""
    return answer(page).get_by_role("status")


def manifest_with(folder: Path, **training: Any) -> None:
    """Change what a bundle says about its training; None takes a word out."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    kept = {name: value for name, value in (manifest["training"] | training).items() if value is not None}
    path.write_text(json.dumps(manifest | {"training": kept}))


def test_a_calibrated_label_has_a_probability(page: Page) -> None:
    page.get_by_label("age", exact=True).fill("10")
    expect(answer(page)).to_contain_text("target is probably")
    expect(answer(page).locator(".said")).to_have_text("yes 55 %")
    expect(answer(page).get_by_role("listitem")).to_have_text(["no45 %", "yes55 %"])
    expect(heard(page)).to_have_text("target is probably yes, 55 %.")


@pytest.mark.parametrize("training", [{"temperature": None}, {"threshold": 0.3}])
def test_a_label_that_is_not_calibrated_has_a_score(training: Any, open_page: OpenPage, tmp_path: Path) -> None:
    manifest_with(made.write(tmp_path, "binary"), **training)
    page = open_page("binary", folder=tmp_path, row={"age": 10})
    expect(answer(page).locator(".said")).to_have_text("yes score 0.55")
    expect(answer(page)).not_to_contain_text("%")


def test_of_many_labels_the_most_probable_are_shown_and_the_others_found(open_page: OpenPage) -> None:
    page = open_page("thousand-labels")
    expect(answer(page).get_by_role("listitem").filter(visible=True)).to_have_count(8)
    answer(page).get_by_text("992 more labels").click()
    answer(page).get_by_role("searchbox").fill("label 12")
    page.get_by_label("age", exact=True).fill("7")
    expect(answer(page).locator("details li .name")).to_have_text(
        [f"label {n}" for n in (129, 128, 127, 126, 125, 124, 123, 122)]
    )
    expect(answer(page)).to_contain_text("and 3 more")


def test_labels_that_reach_their_threshold_are_given(open_page: OpenPage) -> None:
    page = open_page("labels")
    expect(answer(page).locator(".said")).to_have_text("art and law")
    expect(answer(page).locator("li.here .name")).to_have_text(["art", "law"])
    places = answer(page).locator(".mark").evaluate_all("marks => marks.map(({ style }) => style.left)")
    assert places == ["50%", "30%", "70%"]


def test_a_row_without_labels_says_none(open_page: OpenPage, tmp_path: Path) -> None:
    made.write(tmp_path, "labels", thresholds=(0.99, 0.99, 0.99))
    page = open_page("labels", folder=tmp_path)
    expect(answer(page).locator(".said")).to_have_text("none")
    expect(heard(page)).to_have_text("target: none.")


def test_a_value_says_how_far_the_test_rows_were_off(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("value")
    expect(answer(page).locator(".said")).to_have_text("818.4 ±2.5 in 95 % of test rows")
    expect(heard(page)).to_have_text("target is about 818.4 (±2.5 in 95 % of test rows).")
    manifest_with(made.write(tmp_path, "value"), residuals=None)
    page = open_page("value", folder=tmp_path)
    expect(answer(page).locator(".said")).to_have_text("818.4")


def test_the_answer_before_stays_until_the_next_is_there(page: Page) -> None:
    before, held = answer(page).locator(".said").inner_text(), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/predict?**", hold)
    with page.expect_request("**/predict?**"):
        page.get_by_label("age", exact=True).fill("10")
    expect(answer(page)).to_have_attribute("aria-busy", "true")
    expect(answer(page).locator(".said")).to_have_text(before)
    for route in held:
        route.continue_()
    page.unroute("**/predict?**")
    expect(answer(page).locator(".said")).to_have_text("yes 55 %")


def test_a_row_that_is_refused_points_at_its_feature(page: Page, complaints: Complaints) -> None:
    complaints.expect("status of 400")
    message = 'Invalid `instances[0].hours-per-week`: expected a finite number. Received: "abc".'

    def refuse(route: Route) -> None:
        route.fulfill(status=400, json={"error": message})

    page.route("**/predict?**", refuse)
    page.get_by_label("age", exact=True).fill("10")
    expect(answer(page)).to_contain_text("The model does not take this value of hours-per-week.")
    answer(page).get_by_role("button", name="Go to hours-per-week").click()
    expect(page.get_by_label("hours-per-week", exact=True)).to_be_focused()
    page.unroute("**/predict?**")
    page.get_by_label("age", exact=True).fill("9")
    expect(answer(page).locator(".said")).to_contain_text("yes")
