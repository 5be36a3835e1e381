"""What the page shows to paste runs as it stands, and is answered as the page is."""

import ast
import json
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.page import bundles
from tests.page.conftest import OpenPage
from tests.support import tiny
from tests.support.tools import tool

NAMES = ("odd-names", "value")


def shown(page: Page, language: str, protocol: str = "POST /predict") -> str:
    """Choose a language and a protocol, and return the text that the page shows."""
    page.get_by_label("Protocol").select_option(label=protocol)
    page.get_by_role("button", name=language, exact=True).click()
    return page.locator(".code").text_content() or ""


def sent(request: Request) -> Any:
    """Return the rows that a request of the page asks about."""
    return json.loads(request.post_data or "{}").get("instances")


def run(*command: str) -> Any:
    """Run a command, and read what it prints as Python or JSON."""
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return json.loads(printed) if printed.startswith('{"') else ast.literal_eval(printed)


def numbers(answer: dict[str, Any]) -> list[float]:
    """Return the numbers of an answer in any of the protocols."""
    if "outputs" in answer:
        return list(answer["outputs"][0]["data"])
    (row,) = answer["predictions"]
    return (
        list(row["probabilities"].values() if "probabilities" in row else row.values())
        if isinstance(row, dict)
        else row
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_request_runs_and_says_what_the_page_says(name: str, open_page: OpenPage) -> None:
    page = open_page(name)
    rows = [tiny.instance(bundles.BUNDLES[name])]
    with page.expect_response(lambda reply: sent(reply.request) == rows) as answered:
        page.get_by_role("button", name="Example").click()
    expected = pytest.approx(numbers(answered.value.json()), rel=1e-5)
    for protocol in ("POST /predict", "TensorFlow Serving", "Open Inference"):
        assert numbers(run(tool("bash"), "-c", shown(page, "curl", protocol))) == expected
    assert numbers(run(sys.executable, "-c", shown(page, "Python"))) == expected
    assert numbers(run(sys.executable, "-c", shown(page, "Python", "Open Inference"))) == expected


def test_texts_are_right_for_a_shell_and_for_python(open_page: OpenPage) -> None:
    page, word = open_page("odd-names"), """it's "$HOME" `id` \\ ж \u2028"""
    page.get_by_label("Цена", exact=True).select_option(label="another value …")
    page.get_by_label("Цена, another value").fill(word)
    page.keyboard.press("Tab")
    expect(page.locator(".code")).to_contain_text("$HOME")
    text = shown(page, "curl").replace("curl -s", "printf '%s\\n'", 1)
    printed = subprocess.run([tool("bash"), "-c", text], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed.split("\n")[-2])["instances"][0]["Цена"] == word
    body: dict[str, Any] = {}
    exec(shown(page, "Python").split("answer =")[0], body)
    assert body["body"]["instances"][0]["Цена"] == word
    script = shown(page, "JavaScript").split("const answer")[0]
    assert page.evaluate(f"() => {{ {script}; return Object.keys(body.instances[0]) }}") == [
        *body["body"]["instances"][0]
    ]


def test_copied_is_said_aloud(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").press("Enter")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(".code").text_content()
