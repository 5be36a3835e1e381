"""What the section "Now" says: figures and drift in words, and no question while nobody sees it."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import OpenPage

QUIET = {
    "model": "binary", "version": 1, "window_s": 10.0, "requests_per_s": 0.0, "refused_per_s": 0.0,
    "previews_per_s": 0.0, "latency_ms": {"p50": None, "p99": None}, "rows_per_batch": None, "drift": None,
}  # fmt: skip
BUSY = QUIET | {
    "requests_per_s": 41.25, "refused_per_s": 0.5, "previews_per_s": 2.0, "rows_per_batch": 3.2,
    "latency_ms": {"p50": 1.234, "p99": 25.0},
}  # fmt: skip
DRIFT = {
    "rows": 2500, "enough": True, "moved": 1, "drifted": 1, "steady": 10,
    "prediction": {"psi": 0.01, "verdict": "steady"},
    "features": [
        {"name": "<b>age</b>", "psi": 0.4, "verdict": "drifted"}, {"name": "x", "psi": 0.1, "verdict": "moved"},
    ],
}  # fmt: skip


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page whose clock a test may stop."""
    return open_page(fresh=True)


class Figures:
    """What the service says in the place of its own figures, and how often it was asked."""

    def __init__(self, page: Page, **said: Any) -> None:
        self.page, self.said, self.asked = page, said, 0
        page.clock.install()
        page.route("**/now", self._answer)

    def _answer(self, route: Any) -> None:
        self.asked += 1
        route.fulfill(body=json.dumps(self.said), content_type="application/json")

    def look(self, **said: Any) -> None:
        """Let the section look, at first or once more."""
        self.said = said or self.said
        if not self.asked:
            card(self.page).scroll_into_view_if_needed()
        with self.page.expect_response("**/now"):
            self.page.clock.run_for(2000)


def card(page: Page) -> Any:
    return page.locator("section.card", has=page.get_by_role("heading", name="Now", exact=True))


def test_it_looks_at_the_service_itself(open_page: OpenPage) -> None:
    """The first look has no rates; drift is there. No other test asks this bundle for many rows."""
    page = open_page("labels")
    card(page).scroll_into_view_if_needed()
    expect(card(page)).to_contain_text(re.compile("Too few rows to say so: [0-9]+ rows? since this version was loaded"))


def test_nobody_asks(page: Page) -> None:
    figures = Figures(page, **QUIET)
    figures.look()
    expect(card(page)).to_contain_text("Nobody asks at this moment.")
    expect(card(page)).to_contain_text("Nobody can say: the bundle does not hold how its training rows were spread.")
    assert card(page).locator("dl").count() == 0
    figures.look(**QUIET | {"previews_per_s": 3.0})
    expect(card(page)).to_contain_text("Nobody asks at this moment, but for people who try it.")


def test_four_figures_with_their_traces(page: Page) -> None:
    figures = Figures(page, **QUIET)
    figures.look(**BUSY)
    figures.look(**BUSY | {"requests_per_s": 82.5})
    expect(card(page).locator("dt")).to_have_text(
        ["requests a second", "half answered within", "rows a batch", "refused a second"]
    )
    expect(card(page).locator("dt + dd")).to_have_text(["82.5", "1.23 ms", "3.2", "0.5"])
    expect(card(page)).to_contain_text("and 2 of people who try it")
    expect(card(page)).to_contain_text("99 of 100 within 25 ms")
    traces = [path.get_attribute("d") for path in card(page).locator("svg path").all()]
    assert len(traces) == 4
    assert re.search(r"[ML][\d.]+ 15\.0L[\d.]+ 1\.0$", traces[0])  # half of the most, then the most


def test_drift_in_words_and_colour(page: Page) -> None:
    Figures(page, **QUIET | {"drift": DRIFT}).look()
    text = "1 of 12 features drifted and 1 moved, in 2,500 rows since this version was loaded. Those that moved most:"
    expect(card(page)).to_contain_text(text)
    rows = [row.split("\t") for row in card(page).locator("tbody tr").all_inner_texts()]
    assert rows == [["the answers", "= steady", "0.01"], ["<b>age</b>", "≠ drifted", "0.4"], ["x", "≈ moved", "0.1"]]
    colours = [each.evaluate("one => getComputedStyle(one).color") for each in card(page).locator(".verdict").all()]
    assert len(set(colours)) == 3


@pytest.mark.parametrize("how", ["hidden", "away"])
def test_it_does_not_ask_while_nobody_sees_it(how: str, page: Page) -> None:
    """In a tab that is behind, or scrolled away; and it asks again when it is seen."""
    figures = Figures(page, **QUIET)
    figures.look()
    see(page, how, seen=False)
    asked = figures.asked
    page.clock.run_for(10_000)
    assert figures.asked == asked
    with page.expect_response("**/now"):
        see(page, how, seen=True)


def see(page: Page, how: str, *, seen: bool) -> None:
    if how == "hidden":
        page.evaluate(
            "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
            " document.dispatchEvent(new Event('visibilitychange')); }",
            not seen,
        )
    elif seen:
        card(page).scroll_into_view_if_needed()
    else:
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_function(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
        )


def test_a_refusal_is_said(open_page: OpenPage, complaints: Any) -> None:
    page = open_page()
    complaints.expect("status of 503")
    page.route("**/now", lambda route: route.fulfill(status=503, body='{"error":"It is failed."}'))
    card(page).scroll_into_view_if_needed()
    expect(card(page)).to_contain_text("No figures: It is failed.")
