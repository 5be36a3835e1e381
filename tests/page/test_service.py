"""What the page asks: behind a proxy that takes a prefix away, and of a service that refuses or is away."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.page.bundles import write
from tests.page.conftest import OpenPage, Serve, wait_until_usable
from tests.page.watching import Complaints, say_violations
from tests.support.serving import PATIENCE_S

PREFIX = "/team/slipway"


def proxied(route: Route, headers: dict[str, str]) -> None:
    """Do what a proxy does: take the prefix away, and say so if it is one that says so."""
    url = route.request.url.replace(PREFIX, "")
    route.fulfill(response=route.fetch(url=url, headers=route.request.headers | headers))


@pytest.mark.parametrize(
    ("path", "headers"), [(f"{PREFIX}/", {}), (PREFIX, {"x-forwarded-prefix": PREFIX})], ids=["slash", "no slash"]
)
def test_behind_a_prefix_everything_is_asked_there(
    path: str, headers: Any, browser: Browser, bundles: Path, serve: Serve, complaints: Complaints
) -> None:
    address = serve(bundles)
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    say_violations(context)
    context.route(f"{address}{PREFIX}**", lambda route: proxied(route, headers))
    context.route(f"{address}{PREFIX}/**", lambda route: proxied(route, headers))
    page = context.new_page()
    complaints.expect(f"request to another host: {address}{PREFIX}$")  # the document itself
    with complaints.watch(context, f"{address}{PREFIX}"):
        page.goto(f"{address}{path}#model=binary")
        wait_until_usable(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("binary")
    assert page.evaluate("location.href").startswith(f"{address}{PREFIX}/#model=binary")
    assert page.get_by_role("link", name="API").evaluate("link => link.href") == f"{address}{PREFIX}/docs"
    context.close()


def test_what_a_person_tries_is_no_traffic(open_page: OpenPage, tmp_path: Path) -> None:
    """Neither the form nor a file reaches drift or the series of requests; both are counted as previews."""
    write(tmp_path, "binary")
    page = open_page(folder=tmp_path)
    with page.expect_response("**/predict?*"):
        page.get_by_role("button", name="Shuffle").click()
    row = page.evaluate("async () => (await fetch('models/binary/versions/1/examples')).text()")
    lines = "".join(json.dumps(one) + "\n" for one in json.loads(row)["instances"])
    page.set_input_files("#rows-file", {"name": "rows.jsonl", "mimeType": "text/plain", "buffer": lines.encode()})
    expect(page.locator("#rows")).to_contain_text("answered in")
    metrics = page.request.get(page.url.split("#")[0] + "metrics").text()
    assert re.search(r"^slipway_preview\S* [1-9]", metrics, re.MULTILINE)
    assert not re.search(r"^slipway_(drift|predictions|instances|feature)\S* [1-9]", metrics, re.MULTILINE)
    assert page.request.get(page.url.split("#")[0] + "models/binary/versions/1/now").json()["drift"]["rows"] == 0


# ── refusals, in words ──


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (429, '{"error": "The queue is full."}', "The queue is full. The service has more to do than it takes"),
        (503, '{"error": "Model `x` is loading."}', "Model `x` is loading. It is asked again in a few seconds."),
        (502, "<html>Bad gateway", "The service answered 502 Bad Gateway. What stands before the service found nobody"),
        (500, '{"error": "Internal error."}', "Internal error. This is a fault of the service or of the model"),
        (200, '{"predictions": [', "The service's answer was cut off."),
    ],
)
def test_a_refusal_is_said_with_what_to_do(
    status: int, body: str, said: str, open_page: OpenPage, complaints: Complaints
) -> None:
    """And is gone with the next answer."""
    complaints.expect(f"status of {status}")
    page = open_page()
    page.route("**/predict*", lambda route: route.fulfill(status=status, body=body))
    page.get_by_role("spinbutton", name="age").fill("3")
    expect(page.get_by_text(said)).to_be_visible()
    page.unroute("**/predict*")
    page.get_by_role("spinbutton", name="age").fill("4")
    expect(page.get_by_text(said)).to_have_count(0)


def test_a_network_that_is_away_is_said(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    page = open_page()
    page.context.set_offline(True)
    page.get_by_role("spinbutton", name="age").fill("3")
    alert = page.locator("main [role=alert]").first
    expect(alert).to_have_text("The service does not answer: it may be starting again, or the network is away.")
    page.context.set_offline(False)
    expect(alert).to_be_empty()
