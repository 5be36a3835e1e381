"""The stylesheet in fewer letters, with the same rules."""

import re

import pytest

from app.page.assets import STATIC
from app.page.stylesheet import short


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/* a\nb */ .a, .b { margin: 0 auto; top: 1px; }\n", ".a,.b{margin:0 auto;top:1px}"),
        (".a :is(b, i) > p:first-child { x: calc(1px + 2px) }", ".a :is(b,i) > p:first-child{x:calc(1px + 2px)}"),
        ("@media (max-width: 9em) { a { b: c } }", "@media (max-width:9em){a{b:c}}"),
        ('a { font: 1px "Segoe UI", sans-serif }', 'a{font:1px "Segoe UI",sans-serif}'),
    ],
)
def test_only_what_says_nothing_is_left_out(text: str, wanted: str) -> None:
    assert short(text) == f"{wanted}\n"


def test_the_words_of_the_stylesheet_stay_in_their_order() -> None:
    """None is joined with another, and none is lost."""
    text = re.sub(r"/\*.*?\*/", "", (STATIC / "style.css").read_text(), flags=re.DOTALL)
    words = re.compile(r"[^\s{}:;,]+")
    assert words.findall(short(text)) == words.findall(text)


def test_no_text_of_the_stylesheet_holds_what_is_changed() -> None:
    assert [
        one for one in re.findall(r'"[^"]*"', (STATIC / "style.css").read_text()) if re.search(r"[{};,:]", one)
    ] == []
