"""A module as tokens: what is one, which bracket belongs to which, and what is refused."""

import pytest

from app.page.script.tokens import tokens


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a.b?.c ?? d", ["a", ".b", "?.c", "??", "d"]),
        ("x ? .5 : 1e-9", ["x", "?", ".5", ":", "1e-9"]),
        ("a = b / c / d;", ["a", "=", "b", "/", "c", "/", "d", ";"]),
        ("f(/[/)]+/g, x)", ["f", "(", "/[/)]+/g", ",", "x", ")"]),
        ("return /a\\/b/u.test(x)", ["return", "/a\\/b/u", ".test", "(", "x", ")"]),
        ("'it\\'s' + \"a // b\" // c", ["'it\\'s'", "+", '"a // b"']),
        ("/* a\nb */ ...c ** 2 >>> 0", ["...", "c", "**", "2", ">>>", "0"]),
        (
            "`a\\`${b({ c: `d${e}f` })}${g}`",
            ["`a\\`${", "b", "(", "{", "c", ":", "`d${", "e", "}f`", "}", ")", "}${", "g", "}`"],
        ),
        ("this.#x in 0x6d2b79f5", ["this", ".#x", "in", "0x6d2b79f5"]),
    ],
)
def test_a_text_is_cut_into_these(text: str, wanted: list[str]) -> None:
    assert tokens("a.js", text).texts == wanted


def test_each_bracket_knows_its_other_end() -> None:
    found = tokens("a.js", "f({ a: [`b${c}d${e}`] })")
    pairs = {found.texts[one]: found.texts[other] for one, other in found.partner.items() if one < other}
    assert pairs == {"(": ")", "{": "}", "[": "]", "`b${": "}d${", "}d${": "}`"}
    assert found.at(found.within[found.texts.index("e")]) == "}d${"


def test_the_end_of_a_line_is_noted() -> None:
    found = tokens("a.js", "a; // one\nb; c\n  /* two\n */ d")
    assert dict(zip(found.texts, found.ends_line, strict=True))["d"]
    assert [found.ends_line[found.texts.index(name)] for name in "abc"] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a(b", "line 1: expected an end of `\\("),
        ("\na)", "line 2: expected no end of what never began"),
        ("a/b", "a token of JavaScript.*/b"),
        ("x = `a${b", "expected an end of `"),
        ("'a\nb'", "a token of JavaScript"),
        ("§", "a token of JavaScript"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"a.js, .*{said}"):
        tokens("a.js", text)
