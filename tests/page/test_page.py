"""Every bundle opens, and its answers depend on what is typed; nobody complains."""

import json
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.page.bundles import BUNDLES
from tests.page.conftest import OpenPage, Serve
from tests.support import tiny


def predicted(address: str, name: str, rows: list[dict[str, Any]]) -> Any:
    found = httpx.post(f"{address}/predict", params={"model": name}, content=json.dumps({"instances": rows}))
    assert found.status_code == 200, found.text
    return found.json()["predictions"]


@pytest.mark.parametrize("name", BUNDLES)
def test_each_bundle_opens(name: str, open_page: OpenPage) -> None:
    page = open_page(name)
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator(".error")).to_have_count(0)


@pytest.mark.parametrize("name", BUNDLES)
def test_each_answer_depends_on_each_feature(name: str, bundles: Any, serve: Serve) -> None:
    address, one = serve(bundles), BUNDLES[name]
    row, other = tiny.instance(one, 3), tiny.instance(one, 4)
    before, *after = predicted(address, name, [row, *(row | {feature: other[feature]} for feature in row)])
    assert [feature for feature, answer in zip(row, after, strict=True) if answer == before] == []
