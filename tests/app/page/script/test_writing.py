"""Tokens as text: short, and never another statement than was read."""

import pytest

from app.page.script.tokens import tokens
from app.page.script.writing import write


def written(text: str) -> str:
    found = tokens("a.js", text)
    return write(found, found.texts)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("const a = (b) => { return b; };", "const a=b=>{return b};"),
        ("f(async (a) => a, (b, c) => b);", "f(async a=>a,(b,c)=>b);"),
        ('return "a" in b', 'return"a"in b'),
        ("a + +b - -c + ++d", "a+ +b- -c+ ++d"),
        ("a / /b/", "a/ /b/"),
        ("1 .toFixed(); 1.5.toFixed()", "1 .toFixed();1.5.toFixed()"),
        ("f(a, [b, ], { c, }, )", "f(a,[b],{c})"),
        ("f([, ], [a, , ])", "f([,],[a,,])"),
        ("for (;;) ;", "for(;;);"),
        ("{ for (a of b); }", "{for(a of b);}"),
        ("{ while (a); }", "{while(a);}"),
        ("{ if (a) b(); else ; }", "{if(a)b();else;}"),
        ("{ f(); }", "{f()}"),
        (
            "const a = 1; const { b } = a; f(); const c = () => { const d = 1; const e = 2; };",
            "const a=1,{b}=a;f();const c=()=>{const d=1,e=2};",
        ),
        (
            "const a = 1; let b; const c = 2; for (const d of a) ; const e = 3;",
            "const a=1;let b;const c=2;for(const d of a);const e=3;",
        ),
        ("if (a) { const b = 1; } const c = 1; const d = 2;", "if(a){const b=1}const c=1,d=2;"),
    ],
)
def test_what_says_nothing_is_left_out(text: str, wanted: str) -> None:
    assert written(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\nb", "a\nb"),
        ("return\na", "return\na"),
        ("a = {}\nb()", "a={}\nb()"),
        ("a\n++b", "a\n++b"),
        ("f()\ng()", "f()\ng()"),
        ("a = () => {}\nb()", "a=()=>{}\nb()"),
        ("a = function () {}\nb()", "a=function(){}\nb()"),
        ("class A {}\nb()", "class A{}\nb()"),
        ("a\n// why\nb", "a\nb"),
    ],
)
def test_a_line_ends_where_a_statement_may(text: str, wanted: str) -> None:
    assert written(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("if (a)\n  b();\nelse\n  c();", "if(a)b();else\nc();"),
        ("function a() {\n}\nb()", "function a(){}b()"),
        ("for await (const a of b) {\n}\nc()", "for await(const a of b){}c()"),
        ("try {\n} catch {\n} finally {\n}\na()", "try{}catch{}finally{}a()"),
        ("a\n  .b()\n  ?? c", "a.b()??c"),
        ("f(\n  a,\n)", "f(a)"),
    ],
)
def test_it_goes_on_where_it_cannot(text: str, wanted: str) -> None:
    assert written(text) == wanted


def test_what_is_left_out_leaves_its_line_end() -> None:
    found = tokens("a.js", "a\n.b\nc")
    assert write(found, ["a", "", "c"]) == "a\nc"
