"""How good: words and drawings of what judging found, from any manifest: with all of it, with none, with nonsense."""

# ruff: noqa: RUF001 - real signs of minus are what is tested
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.page.conftest import HEIGHT, OpenPage, Serve, wait_until_usable

BUILD = """async (model) => {
  const { default: quality } = await import("./page/sections/quality.js");
  return quality({ model }).textContent;
}"""
METRICS = {
    "baseline": {"accuracy": 0.7, "log_loss": 0.9},
    "hist_gradient_boosting": {"accuracy": 0.95, "log_loss": 0.2},
    "shipped": {"accuracy": 0.9, "log_loss": 0.4},
    "fp16": {"accuracy": 0.99, "log_loss": 0.01},
}
INTERVALS = {"shipped": {"accuracy": [0.88, 0.92]}}
OPPONENT = "shipped_less_hist_gradient_boosting"


@pytest.fixture(scope="module")
def page(browser: Browser, bundles: Path, serve: Serve) -> Iterator[Page]:
    """The page of the bundle `binary`, the same for all tests that only look at it."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{serve(bundles)}/#model=binary")
    wait_until_usable(page)
    yield page
    context.close()


def quality(page: Page) -> Locator:
    return page.locator("#quality")


def lengths(shapes: Locator, *names: str) -> list[list[float]]:
    """Attributes of each shape."""
    found: list[list[float]] = shapes.evaluate_all(
        "(all, names) => all.map((one) => names.map((name) => one[name].baseVal.value))", names
    )
    return found


def said(page: Page, metrics: Any = METRICS, **training: Any) -> str:
    """What the section says of a model with such facts."""
    model = {"name": "m", "version": 1, "metrics": metrics, "training": json.loads(json.dumps(training))}
    return str(page.evaluate(BUILD, model)).replace("\u00a0", " ")


def test_words_come_before_the_table_and_the_best_is_marked(page: Page) -> None:
    text = "On 300 rows that it never saw: ROC AUC 0.9, gradient boosting 0.9, a linear model 0.8, guessing 0.5."
    expect(quality(page).locator("p").first).to_have_text(text)
    table = quality(page).get_by_role("region", name="Metrics of this model and others")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["this model", "gradient boosting", "a linear model", "guessing"]
    )
    expect(table.get_by_role("cell")).to_have_text(["", "0.900best", "0.900best", "0.800", "0.500"])
    expect(table).to_have_attribute("tabindex", "0")


def test_where_less_is_better_the_least_is_the_best_and_the_rest_is_folded(page: Page) -> None:
    found = said(page, judged_by={"metric": "log_loss", "errors": ["log_loss"]})
    assert found.startswith(
        "How good it isOn rows that it never saw: log loss 0.4, gradient boosting 0.2, guessing 0.9."
    )
    assert "0.4000.200best0.900" in found
    assert "0.4000.2000.9000.010best" in found.partition("All metrics (2), of all graphs")[2]
    older = said(page)  # where the manifest names no errors, the metrics' names tell
    assert "accuracy 0.9, gradient boosting 0.95, guessing 0.7." in older
    assert "0.9000.950best0.700" in older
    assert "0.4000.200best0.900" in older


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        ([-0.06, -0.0123], "(0.88 to 0.92 on other rows of the kind), gradient boosting 0.95, guessing 0.7. "
         "Gradient boosting is better, by 0.012 to 0.060."),
        ([0.01, 0.02], "It is better than gradient boosting, by 0.010 to 0.020."),
        ([-0.01, 0.02], "Its difference to gradient boosting may be chance."),
    ],
)  # fmt: skip
def test_it_says_whether_chance_explains_the_difference(page: Page, difference: list[float], words: str) -> None:
    assert words in said(page, intervals={**INTERVALS, OPPONENT: {"accuracy": difference}})


def test_too_few_rows_are_said_before_any_difference(page: Page) -> None:
    few = {"too_few": {"accuracy": "4 rows of `fraud`: too few to trust"}}
    found = said(page, intervals={**INTERVALS, OPPONENT: {"accuracy": [0.1, 0.2]}, **few})
    assert "Take that with care: 4 rows of fraud: too few to trust." in found
    assert "better than" not in found


@pytest.mark.parametrize(
    ("bins", "words"),
    [
        ([[0.05, 0.05, 900], [0.75, 0.80, 100]], "can be taken at their word: the chance of rain is off by 0.5 points "
         "on average.Farthest off: where it says 75 %, it came true in 80 % of 100 cases."),
        ([[0.05, 0.09, 900], [0.95, 0.5, 9]], "can roughly be taken at their word: the chance of rain is off by 4.4 "
         "points on average.Farthest off: where it says 5 %"),
        ([[0.2, 0.4, 30], [0.8, 0.4, 30]], "are not to be taken at their word: the chance of rain is off by 30.0 "
         "points on average.Farthest off: where it says 80 %, it came true in 40 % of 30 cases."),
    ],
)  # fmt: skip
def test_probabilities_are_held_to_what_came_true(page: Page, bins: Any, words: str) -> None:
    """Of few cases, nothing is said to be farthest off while there are others."""
    found = said(page, temperature=1.0, reliability={"of": "the chance of rain", "bins": bins})
    assert f"Its probabilities {words}" in found
    assert "not calibrated" not in found
    assert "They were not calibrated" in said(page, reliability={"of": "x", "bins": bins})


def test_a_dot_stands_where_what_was_said_meets_what_came_true(page: Page) -> None:
    """In a frame of 200, from the lower left; the fixture says 5, 15, … % and 4, 14, … % came true."""
    dots = lengths(quality(page).locator("circle"), "cx", "cy")
    (frame,) = lengths(quality(page).locator(".reliability rect"), "x", "y")
    for place, (x, y) in enumerate(dots):
        assert x - frame[0] == pytest.approx(200 * (place / 10 + 0.05), abs=0.01)
        assert 200 - (y - frame[1]) == pytest.approx(200 * (place / 10 + 0.04), abs=0.01)
    assert len(dots) == 10


def test_numbers_say_how_far_off_they_are(open_page: OpenPage) -> None:
    page = open_page("value")
    expect(quality(page)).to_contain_text("±2.5 holds the truth in 95\u00a0% of 300 rows that it never saw.")
    text = "lies between −0.7 and +0.8 in half of them, between −1.5 and +1.6 in 80 % of them and between −2.4 and +2.6"
    expect(quality(page)).to_contain_text(text)
    boxes = lengths(quality(page).locator(".ranges rect"), "x", "width")
    assert boxes == [
        pytest.approx([20 * (low + 2.4), 20 * (high - low)]) for low, high in ((-2.4, 2.6), (-1.5, 1.6), (-0.7, 0.8))
    ]
    assert quality(page).locator("circle").count() == 0


def test_the_worst_groups_stand_beside_all_rows(page: Page) -> None:
    expect(quality(page)).to_contain_text(
        "On all rows ROC AUC is 0.900, the dotted line. Of 40 groups of rows, 2 are worse"
    )
    first = quality(page).get_by_role("listitem").filter(has_text="age: 5 to 6")
    expect(first).to_have_text("age: 5 to 640 rows0.7000.600 to 0.800")
    ends = lengths(first.locator("line"), "x1", "x2")
    assert ends == [pytest.approx(pair, abs=0.01) for pair in ([100, 100], [0, 200 / 3], [100 / 3, 100 / 3])]


def test_of_73_features_the_first_are_shown_and_nothing_leaves_the_page(open_page: OpenPage) -> None:
    page = open_page("wide", width=320)
    names = quality(page).locator(".name")
    expect(names.first).to_have_text("sensor_00")
    expect(names.locator("visible=true")).to_have_count(10)  # eight features, two groups
    quality(page).get_by_text("65 more features").click()
    expect(names.locator("visible=true")).to_have_count(75)
    quality(page).get_by_text("of all graphs").click()
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_strangers_names_are_texts(open_page: OpenPage) -> None:
    page = open_page("odd-names")
    expect(quality(page)).to_contain_text("Mostly by [a].[b].vel, $ and __proto__.")
    expect(quality(page)).to_contain_text("the probability of __proto__ is off by 1.0 points")


def test_a_manifest_may_say_nothing_or_nonsense(page: Page) -> None:
    """And what can be read is read: numbers by a key that looks like one come by their size, not by the key."""
    assert said(page, metrics={}) == "How good it isIts bundle does not say how good it is."
    nonsense = {
        "reliability": {"of": 3, "bins": [7]},
        "slices": {"worst": {"length": 1}},
        "residuals": {"quantiles": 1},
    }
    lost = {"1": [0.1, 0.05, 0.2], "2": [0.3, 0.25, 0.35]}
    found = said(page, **nonsense, importances={"metric": "accuracy", "lost": lost})
    assert found.count("Something that its bundle says here cannot be read.") == 3
    assert "Mostly by 2 and 1." in found
