"""Which words of a module are names of its own, where each is declared, and which are keys of objects.

    const { age: a, b = a } = row;    a, b: declared until the block ends;  age: a key;  b: a key and a name in one
    (row) => row.age                  row: declared until the function ends;  .age: a key

A name may be short in what is sent where its declaration can be seen around it. One that the module also takes from
outside anywhere (`name` of the window, and a `name` of its own elsewhere) stays as it is.
It knows no other module.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

from app.page.script.tokens import CLOSES, Tokens

KEYWORDS = frozenset({
    "async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do",
    "else", "export", "extends", "false", "finally", "for", "function", "if", "import", "in", "instanceof", "let",
    "new", "null", "return", "super", "switch", "this", "throw", "true", "try", "typeof", "undefined", "var", "void",
    "while", "with", "yield",
})  # fmt: skip
DECLARE = {"const", "let", "function", "class"}
MODIFIERS = {"async", "get", "set", "static", "*"}  # before a method's name
# What stands before a brace that opens an object; any other opens a block or a class.
BEFORE_AN_OBJECT = {
    "=", "(", "[", ",", ":", "?", "...", "&&", "||", "??", "return", "const", "let", "of", "in", "yield", "await",
    "typeof", "default",
}  # fmt: skip


class Role(Enum):
    """What a word is where it stands."""

    NAME = 1
    SHORTHAND = 2  # a key and a name in one: `{ age }`
    KEY = 3


Place = tuple[int, Role]  # of a token
Region = tuple[int, int]  # from one token to another; the module's begins before all


@dataclass(frozen=True)
class Names:
    """The words of a module that are names of its own, by where they stand."""

    top: dict[str, list[Place]]  # of the module itself, with what it imports
    within: list[list[Place]]  # of its functions and blocks: those of one list are never seen at one place
    free: frozenset[str]  # what it takes from outside


def names(path: str, tokens: Tokens, imported: Collection[str] = ()) -> Names:
    """Find the names of a module; raises `ValueError` where it declares in a way that is not known here."""
    found = _Names(path, tokens)
    whole = (-1, len(tokens))
    found.regions.update({name: {whole} for name in imported})
    regions, used = found.declared(), found.used()
    free = frozenset(name for name, places in used.items() if not _is_own(places, regions.get(name, ())))
    own = {name: where for name, where in regions.items() if name not in free}
    top: dict[str, list[Place]] = {name: [] for name, where in own.items() if whole in where}
    slots = _slots(own)
    within: list[list[Place]] = [[] for _ in range(max(slots.values(), default=-1) + 1)]
    for name, where in own.items():
        for place in used.get(name, ()):
            region = _innermost(where, place[0])
            (top[name] if region == whole else within[slots[name, region]]).append(place)
    return Names(top, within, free)


def _is_own(places: list[Place], regions: Collection[Region]) -> bool:
    return all(any(start <= at <= end for start, end in regions) for at, _ in places)


def _innermost(regions: set[Region], at: int) -> Region:
    return next(iter(regions)) if len(regions) == 1 else max(each for each in regions if each[0] <= at <= each[1])


def _slots(regions: dict[str, set[Region]]) -> dict[tuple[str, Region], int]:
    """Number the names within: each gets another number than all whose region is around its own."""
    found: dict[tuple[str, Region], int] = {}
    around: list[int] = []  # where the regions end
    for start, end, name in sorted((start, -end, name) for name, where in regions.items() for start, end in where):
        if start >= 0:
            while around and around[-1] < start:
                around.pop()
            found[name, (start, -end)] = len(around)
            around.append(-end)
    return found


class _Names:
    def __init__(self, path: str, tokens: Tokens) -> None:
        self.path, self.tokens, self.texts, self.kinds = path, tokens, tokens.texts, tokens.kinds
        self.regions: dict[str, set[Region]] = {}
        self.forms = {at: self._form(at) for at, text in enumerate(self.texts) if text == "{"}

    # ── where names are declared ──

    def declared(self) -> dict[str, set[Region]]:
        """Return, for each name, the stretches of tokens in which it is declared."""
        for at, text in enumerate(self.texts):
            if text in DECLARE and self.tokens.at(at + 1) != ":":  # nor is it a key
                if text in ("const", "let"):
                    self._put(self._declarators(at + 1), *self._around(at))
                else:
                    self._put(self._own_name(at), *self._around(at))
            elif text == "(":
                self._parameters(at)
            elif text == "=>" and self.kinds[at - 1] == "word":
                self._put([at - 1], at - 1, self._end_of_arrow(at))
        return self.regions

    def _put(self, places: list[int], start: int, end: int) -> None:
        for at in places:
            self.regions.setdefault(self.texts[at], set()).add((start, end))

    def _around(self, at: int) -> Region:
        """Return the block around a declaration; that of a loop counts to the block around the loop."""
        opening = self.tokens.within[at]
        if opening >= 0 and self.texts[opening] == "(":
            opening = self.tokens.within[opening]
        return (opening, self.tokens.partner[opening]) if opening >= 0 else (-1, len(self.texts))

    def _own_name(self, at: int) -> list[int]:
        name = at + 2 if self.tokens.at(at + 1) == "*" else at + 1
        return [name] if self.tokens.at(name) not in ("(", "{", "extends") else []

    def _parameters(self, opening: int) -> None:
        closing = self.tokens.partner[opening]
        behind = self.tokens.at(closing + 1)
        if behind == "=>":
            self._put(list(self._bound(opening + 1, closing)), opening, self._end_of_arrow(closing + 1))
        elif behind == "{" and not self.tokens.is_head(opening):
            self._put(list(self._bound(opening + 1, closing)), opening, self.tokens.partner[closing + 1])

    def _end_of_arrow(self, arrow: int) -> int:
        if self.texts[arrow + 1] == "{":
            return self.tokens.partner[arrow + 1]
        return self._past_value(arrow + 1, {",", ";"})

    def _past_value(self, at: int, ends: Collection[str]) -> int:
        """Return where an expression ends: at one of these, or at what closes the bracket around it."""
        texts, partner = self.texts, self.tokens.partner
        while at < len(texts) and texts[at] not in ends and texts[at][0] not in CLOSES:
            at = self._past(at) if at in partner else at + 1
        return at

    def _past(self, at: int) -> int:
        """Return the token behind this one, or behind what it opens."""
        while self.tokens.opens(at):
            at = self.tokens.partner[at]
        return at + 1

    def _declarators(self, at: int) -> list[int]:
        found: list[int] = []
        while True:
            end = self._past(at)
            found += self._bound(at, end)
            if self.tokens.at(end) == "=":
                end = self._past_value(end + 1, {",", ";"})
            if self.tokens.at(end) != ",":
                return found
            at = end + 1

    def _bound(self, at: int, end: int) -> Iterator[int]:
        """Yield where names stand that a list of patterns binds: `a, { b: c, d = 1, ...e }, [f]`."""
        while at < end:
            if self.texts[at] in (",", "..."):
                at += 1
                continue
            after = self._past(at)
            if self.tokens.at(after) == ":":  # of an object: what is behind it is bound
                at = after + 1
                continue
            if self.texts[at] in "{[":
                yield from self._bound(at + 1, after - 1)
            elif self.kinds[at] == "word" and self.texts[at] not in KEYWORDS:
                yield at
            else:
                raise ValueError(f"{self.path}: expected names to be declared. Received: `{self.texts[at][:40]}`.")
            at = self._past_value(after + 1, {","}) if self.tokens.at(after) == "=" else after

    # ── what words are ──

    def used(self) -> dict[str, list[Place]]:
        """Return where each name stands that is a name there."""
        found: dict[str, list[Place]] = {}
        forms, within = self.forms, self.tokens.within
        for at, kind in enumerate(self.kinds):
            if kind == "word" and (text := self.texts[at]) not in KEYWORDS and text[0] != "#":
                form = forms.get(within[at], "block")
                role = Role.NAME if form == "block" else self._role(at, form)
                if role is not Role.KEY and not (text == "of" and self._is_of(at)):
                    found.setdefault(text, []).append((at, role))
        return found

    def _is_of(self, at: int) -> bool:
        """Tell the word of a loop from a name that is called so."""
        before = self.tokens.at(at - 1)
        return before in ("]", "}") or (self.kinds[at - 1] == "word" and before not in KEYWORDS)

    def _role(self, at: int, form: str) -> Role:
        before = self.texts[at - 1]
        if form == "object":
            return self._in_object(at, before)
        return Role.KEY if before in ("{", "}", ";") or before in MODIFIERS else Role.NAME

    def _in_object(self, at: int, before: str) -> Role:
        if before in MODIFIERS and self.tokens.at(at + 1) == "(" and self.texts[at - 2] in ("{", ",", "async"):
            return Role.KEY
        if before not in ("{", ","):
            return Role.NAME
        return Role.SHORTHAND if self.tokens.at(at + 1) in (",", "}", "=") else Role.KEY

    def _form(self, at: int) -> str:
        """Tell what a brace opens: an object (or its pattern), a class, or a block."""
        before = self.tokens.at(at - 1)
        if before in BEFORE_AN_OBJECT:
            return "object"
        if self.tokens.at(at - 2) in ("class", "extends"):
            return "class"
        return "block"
