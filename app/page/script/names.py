"""Which words of a module are names of its own, and which are keys of objects.

    const { age: a, b = a } = row;    a: a name;  age: a key;  b: a key and a name in one
    (row) => row.age                  row: a name;  .age: a key

A name may be short in what is sent where its declaration can be seen around it. One that the module also takes from
outside anywhere (`name` of the window, and a `name` of its own elsewhere) stays as it is.
It knows no other module.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from app.page.script.declared import KEYWORDS, Region, declared
from app.page.script.tokens import Tokens

MODIFIERS = {"async", "get", "set", "static", "*"}  # before a method's name
# What stands before a brace that opens a block; any other opens an object (or its pattern), or a class.
BEFORE_A_BLOCK = {"", ";", "{", "}", ")", "=>", "else", "try", "finally", "do", "catch"}


class Role(Enum):
    """What a word is where it stands."""

    NAME = 1
    SHORTHAND = 2  # a key and a name in one: `{ age }`
    KEY = 3


Place = tuple[int, Role]  # of a token


@dataclass(frozen=True)
class Names:
    """The words of a module that are names of its own, by where they stand."""

    top: dict[str, list[Place]]  # of the module itself, with what it imports
    within: list[list[Place]]  # of its functions and blocks: those of one list are never seen at one place
    free: frozenset[str]  # what it takes from outside


def names(path: str, tokens: Tokens, imported: Collection[str] = ()) -> Names:
    """Find the names of a module; raises `ValueError` where it declares in a way that is not known here."""
    whole = (-1, len(tokens))
    regions, used = declared(path, tokens), _Words(tokens).names()
    for name in imported:
        regions.setdefault(name, set()).add(whole)
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


class _Words:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens, self.texts, self.kinds = tokens, tokens.texts, tokens.kinds
        self.forms = {at: self._form(at) for at, text in enumerate(self.texts) if text == "{"}

    def names(self) -> dict[str, list[Place]]:
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
        before = self.tokens.at(at - 1)
        if before == "class" or self.tokens.at(at - 2) in ("class", "extends"):
            return "class"
        return "block" if before in BEFORE_A_BLOCK else "object"
