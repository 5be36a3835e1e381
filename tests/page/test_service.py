"""Where the page asks: behind a proxy that takes a prefix away, with a slash at its end and without."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.page.conftest import Serve, wait_until_usable
from tests.page.watching import Complaints
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
    complaints.watch(context, f"{address}{PREFIX}")
    context.route(f"{address}{PREFIX}**", lambda route: proxied(route, headers))
    context.route(f"{address}{PREFIX}/**", lambda route: proxied(route, headers))
    page = context.new_page()
    complaints.expect(f"request to another host: {address}{PREFIX}$")  # the document itself
    page.goto(f"{address}{path}#model=binary")
    wait_until_usable(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("binary")
    assert page.evaluate("location.href").startswith(f"{address}{PREFIX}/#model=binary")
    assert page.get_by_role("link", name="API").evaluate("link => link.href") == f"{address}{PREFIX}/docs"
    context.close()
