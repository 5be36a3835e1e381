"""What the files of the page never hold: markup from texts, inline script or style, an address of somebody else."""

import re
from pathlib import Path

import pytest

from app.page.assets import STATIC

FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())
PARSES_TEXT = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML|DOMParser|createContextualFragment|srcdoc"
)
RUNS_TEXT = r"\beval\(|new Function|setTimeout\(\s*[\"'`]|setInterval\(\s*[\"'`]|javascript:"
INLINE_STYLE = r"style=|setAttribute\(\s*[\"'`]style|cssText|<style|createElement\(\s*[\"'`]style"
INLINE_SCRIPT = r"<script(?![^>]*\ssrc=)|\son[a-z]+=[\"']"
FOREIGN = r"(https?:)?//(?!www\.w3\.org/(2000/svg|1999/xlink))[\w-]+\.[\w.]+"
ABSOLUTE = r"(href|src)=\"/|fetch\(\s*[\"'`]/|import\(?\s*[\"'`]/|from [\"'`]/|url\(\s*[\"']?/"

RULES = {
    "parses a text": PARSES_TEXT,
    "runs a text": RUNS_TEXT,
    "has inline style": INLINE_STYLE,
    "has inline script": INLINE_SCRIPT,
    "names another host": FOREIGN,
    "breaks behind a prefix": ABSOLUTE,
}


@pytest.mark.parametrize("rule", RULES)
def test_no_file(rule: str) -> None:
    found = [f"{path.name}: {match[0]}" for path in FILES for match in re.finditer(RULES[rule], _code(path))]
    assert found == []


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("parses a text", "place.innerHTML = name;"),
        ("runs a text", 'eval("1")'),
        ("has inline style", 'h("p", { style: "x" }).setAttribute("style", "color: red")'),
        ("has inline script", '<button onclick="go()">'),
        ("has inline script", "<script>go()</script>"),
        ("names another host", 'import("https://cdn.example.org/d3.js")'),
        ("names another host", 'import("//cdn.example.org/d3.js")'),
        ("breaks behind a prefix", 'fetch("/models")'),
    ],
)
def test_the_rule_sees_it(rule: str, line: str) -> None:
    assert re.search(RULES[rule], line)


def _code(path: Path) -> str:
    """The text of a file, without the lines that are a comment alone."""
    return "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("//"))
