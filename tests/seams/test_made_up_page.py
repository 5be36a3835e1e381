"""The made-up type and answer on the page: their modules are found by their names alone, and a person can use both."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Page, Response, async_playwright, expect

from tests.support import serving, wire
from tests.support.serving import PATIENCE_S
from tests.support.tools import tool

pytestmark = pytest.mark.usefixtures("registered")

Track = list[list[float]]
ZOO: Track = [[-1.4, -3.1], [-1.5, -2.8]]
HARBOUR: Track = [[2.1, 1.4], [1.9, 1.5], [2.0, 1.6]]


@pytest.fixture
async def page(bundle: Path) -> AsyncIterator[Page]:
    """The page of the made-up bundle; the service runs in this process, where the types are registered."""
    complaints: list[str] = []
    async with wire.listening(serving.app_of(bundle.parents[1])) as served, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=tool("chromium"), args=["--no-sandbox"])
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        expect.set_options(timeout=PATIENCE_S * 1000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "response",
            lambda answer: complaints.append(answer.url) if "/features/" in answer.url and not answer.ok else None,
        )
        await page.goto(f"http://127.0.0.1:{served.port}/")
        await page.wait_for_selector("main:not([aria-busy])")
        yield page
        await browser.close()
    assert complaints == []


async def test_a_person_changes_the_track_and_reads_the_answer(page: Page) -> None:
    """And sees where a track is none; "what if" and "why" look at the number that the answer's module names."""
    way, shown = page.get_by_label("way", exact=True), page.get_by_role("region", name="Answer")
    await page.get_by_label("back", exact=True).fill("")
    answers = []
    for track in (ZOO, HARBOUR):
        async with page.expect_response(partial(is_answer_to, track)) as found:
            await way.fill(written(track))
        (answer,) = (await (await found.value).json())["predictions"]
        place = answer[0]["place"]
        await expect(shown.get_by_role("listitem").first).to_contain_text(f"{place}, score")
        await expect(shown.get_by_role("status")).to_have_text(f"Comes by {place}.")
        answers.append(answer)
    assert answers[0] != answers[1]
    await expect(page.get_by_role("img", name="3 points")).to_be_visible()
    await expect(page.get_by_role("region", name="Why")).to_contain_text(f"score of {place}")
    await page.get_by_label("Feature", exact=True).select_option("way")
    await expect(page.get_by_role("region", name="What if")).to_contain_text("the other way")
    await way.fill("here and there")
    await expect(way).to_have_attribute("aria-invalid", "true")
    await way.fill(written(ZOO))
    await expect(way).to_have_attribute("aria-invalid", "false")


def written(track: Track) -> str:
    """Return a track as a person writes it, a point a line."""
    return "\n".join(f"{x}, {y}" for x, y in track)


def is_answer_to(track: Track, reply: Response) -> bool:
    """Tell whether a reply of the service is that to the row of the form, with this track."""
    rows = (reply.request.post_data_json or {}).get("instances", []) if "/predict" in reply.url else []
    return len(rows) == 1 and rows[0]["way"] == track
