"""Which words are names of a module, and which of them may share a short one."""

import pytest

from app.page.script.names import Names, Role, names
from app.page.script.tokens import Tokens, tokens


def read(text: str, imported: tuple[str, ...] = ()) -> tuple[Tokens, Names]:
    found = tokens("a.js", text)
    return found, names("a.js", found, imported)


def own(text: str) -> set[str]:
    """The names that are declared somewhere within."""
    found, known = read(text)
    return {found.texts[at] for slot in known.within for at, _ in slot}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("f((a, { b: c, d = e, ...g }, [h, , i]) => a);", {"a", "c", "d", "g", "h", "i"}),
        ("f(a => b);", {"a"}),
        ("function f(a, b = a) { let c, d = [a, b]; const { e, f: { g } } = d; }", {"a", "b", "c", "d", "e", "g"}),
        ("{ class A { b = c; d(e) { return e; } get f() { return 1; } static async g(h) {} } }", {"A", "e", "h"}),
        ("{ for (const [a, b] of c) a(b); for (let d = 0, e; d < 1;) e = d; }", {"a", "b", "d", "e"}),
        ("{ try { a(); } catch (b) { c(b); } }", {"b"}),
        ("{ const of = 1; for (const a of of) f(of, { of: a, b: of }); }", {"of", "a"}),
        ("{ const f = async function* (a) { yield* a; }; }", {"f", "a"}),
        ("f(async ({ get, set }) => ({ get, set() {}, async b(c) {}, [get]: 1 }));", {"get", "set", "c"}),
        ("f(`${g((a) => `${a}`)}`);", {"a"}),
        ("f(a, !{ b: (c) => c }, { d: { e } });", {"c"}),
        ("if (a) { b(); } while (c) { d(); }", set()),
    ],
)
def test_these_are_declared(text: str, wanted: set[str]) -> None:
    assert own(text) == wanted


def test_a_key_is_no_name_and_a_shorthand_is_both() -> None:
    _, known = read("const a = 1; f({ a, b: a, a: 2, a() {}, c }, x.a, x?.a);")
    assert known.top == {"a": [(1, Role.NAME), (8, Role.SHORTHAND), (12, Role.NAME)]}
    assert known.free == {"f", "c", "x"}


def test_a_name_that_is_also_taken_from_outside_stays() -> None:
    _, known = read("const f = (name) => name; g(name);")
    assert "name" in known.free
    assert known.within == []


def test_names_that_are_never_seen_at_one_place_share_one() -> None:
    found, known = read("const f = (a) => { const b = a; }; const g = (c, d) => c + d;")
    assert [{found.texts[at] for at, _ in slot} for slot in known.within] == [{"a", "c"}, {"b", "d"}]


def test_a_name_over_another_of_its_kind_is_another() -> None:
    found, known = read("const f = (a) => g((a) => a, a);")
    assert [[found.texts[at] for at, _ in slot] for slot in known.within] == [["a", "a"], ["a", "a"]]


def test_what_is_imported_is_seen_everywhere() -> None:
    _, known = read("f(h); const g = (h) => h;", ("h",))
    assert len(known.top["h"]) == 1


@pytest.mark.parametrize(
    "text",
    ["const this = 1;", "let { a: 1 } = b;", "f((typeof) => 1);", "var a;", "switch (a) {}", "class A extends f(B) {}"],
)
def test_a_declaration_of_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a\.js: expected names to be declared"):
        read(text)
