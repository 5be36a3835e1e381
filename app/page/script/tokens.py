"""A module's text as tokens, and which bracket belongs to which.

    const x = `a ${b.c}`;  ─>  const · x · = · `a ${ · b · .c · }` · ;

Comments are no tokens; of blanks only those with a line's end are noted, since a statement may end there.
A division has a blank behind its slash, and a regular expression none: what could be either is refused.
It knows no names and no modules.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""((?>\s*(?:(?://[^\n]*|/\*[\s\S]*?\*/)\s*)*))
      (?: (?P<word>[#A-Za-z_$][\w$]*)
        | (?P<member>[?]?\.[#A-Za-z_$][\w$]*)
        | (?P<bracket>[([{)\]])
        | (?P<sign>=>|\.\.\.|[?]\.|\*\*=?|&&=?|\|\|=?|[?][?]=?|[=!]==?|[+][+=]?|-[-=]?|<<=?|>>>?=?|[<>%&|^*]=?|[=;,!~?:]
                 |/=?(?=\s))
        | (?P<brace>})
        | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
        | (?P<number>0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?)
        | (?P<template>`(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{))
        | (?P<regex>(?<=[(,=:;&|!?{}[>\s])/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*)
      )
    """,
    re.VERBOSE | re.ASCII,
)
GOES_ON = re.compile(r"(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)")  # of a template, behind a value within
HEADS = {"if", "for", "while", "switch", "with"}  # words whose parentheses hold neither parameters nor arguments
OPENS, CLOSES, BRACKETS = "([{", ")]}", ("bracket", "brace", "template")
COMMENTS = re.compile(r"(?:\s|//[^\n]*|/\*[\s\S]*?\*/)*\Z")


@dataclass(frozen=True)
class Tokens:
    """What a module says, piece by piece."""

    texts: list[str]
    kinds: list[str]  # word, member, bracket, sign, text, number, template, regex
    ends_line: list[bool]  # whether a line ended before it
    partner: dict[int, int]  # an opening bracket's closing one, and back
    within: list[int]  # the opening bracket around it; -1: none

    def __len__(self) -> int:
        return len(self.texts)

    def opens(self, index: int) -> bool:
        """Tell whether a bracket, or a piece of a template, opens what its partner closes."""
        return self.partner.get(index, -1) > index

    def is_head(self, opening: int) -> bool:
        """Tell whether a parenthesis belongs to a statement such as `if (…)` or `for await (…)`."""
        awaits = self.at(opening - 1) == "await" and self.at(opening - 2) == "for"
        return awaits or self.at(opening - 1) in HEADS

    def at(self, index: int) -> str:
        """Return a token's text, nothing where there is none."""
        return self.texts[index] if 0 <= index < len(self.texts) else ""


def tokens(path: str, text: str) -> Tokens:
    """Cut a module into its tokens; raises `ValueError` with the place of what it cannot read."""
    return _Reader(path, text).read()


class _Reader:
    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text.rstrip() + "\n"
        self.found = Tokens([], [], [], {}, [])
        self.open: list[int] = []  # brackets around `around`
        self.around = -1  # the innermost bracket that is open

    def read(self) -> Tokens:
        """Read from the first letter to the last."""
        at = 0
        while at >= 0:
            at = self._stretch(at)
        if self.around >= 0:
            raise self._wrong(len(self.text) - 1, f"an end of `{self.found.texts[self.around]}`")
        return self.found

    def _stretch(self, at: int) -> int:
        """Read until a template goes on, and return where the text does; -1 at its end."""
        texts, kinds, ends_line, within = self.found.texts, self.found.kinds, self.found.ends_line, self.found.within
        for one in TOKEN.finditer(self.text, at):
            if one.start() != at:
                break
            at, kind = one.end(), one.lastgroup or ""
            token = one[kind]
            ends_line.append("\n" in one[1])
            if kind in BRACKETS:
                kind, token = self._bracket(kind, token, at)
            else:
                within.append(self.around)
            texts.append(token)
            kinds.append(kind)
            if token[0] == "}" and kind == "template":
                return at + len(token) - 1
        if COMMENTS.match(self.text, at) is None:
            raise self._wrong(at, "a token of JavaScript")
        return -1

    def _bracket(self, kind: str, token: str, at: int) -> tuple[str, str]:
        """Note what a bracket, or a piece of a template, closes and opens."""
        here = len(self.found.texts)
        if kind == "brace":
            kind, token = self._brace(at)
        if token[0] in CLOSES:
            self._close(here, at)
        self.found.within.append(self.around)
        if token[-1] in OPENS:
            self.open.append(self.around)
            self.around = here
        return kind, token

    def _brace(self, at: int) -> tuple[str, str]:
        """Tell the end of a block from that of a value within a template, which goes on behind it."""
        if self.around < 0 or self.found.kinds[self.around] != "template":
            return "bracket", "}"
        rest = GOES_ON.match(self.text, at)
        if rest is None:
            raise self._wrong(at, "an end of a template")
        return "template", f"}}{rest[0]}"

    def _close(self, here: int, at: int) -> None:
        if self.around < 0:
            raise self._wrong(at - 1, "no end of what never began")
        self.found.partner[here] = self.around
        self.found.partner[self.around] = here
        self.around = self.open.pop()

    def _wrong(self, at: int, wanted: str) -> ValueError:
        line = self.text.count("\n", 0, at) + 1
        return ValueError(f"{self.path}, line {line}: expected {wanted}. Received: {self.text[at : at + 40]!r}.")
