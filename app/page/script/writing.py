"""Tokens as text again, with no more blanks, semicolons, commas and parentheses than they need.

    const a = (b) => { return b; };
    const c = 1;                      ─>   const a=b=>{return b},c=1;

A line's end stays wherever a statement might end by it, so that what is written means what was read.
It knows no names and no modules.
"""

import string

from app.page.script.tokens import Tokens

LETTERS = frozenset(string.ascii_letters + string.digits + "_$#")
APART = LETTERS | frozenset("+-/.")
CLOSES = {")", "]", "}"}
BLOCKS = {"else", "try", "finally", "do", "catch"}  # words before a block


def write(tokens: Tokens, texts: list[str]) -> str:
    """Write tokens; `texts` are what is said in their places, nothing where one is left out."""
    parts: list[str] = []
    last, before, ended = ";", -1, False
    for at, text in enumerate(_without_needless(tokens, texts)):
        ended = ended or tokens.ends_line[at]
        if text:
            if ended and before >= 0 and _may_end(tokens, before) and _may_begin(tokens, at, text):
                parts.append("\n")
            elif text[0] in APART and _needs_a_blank(last, text[0]):
                parts.append(" ")
            parts.append(text)
            last, before, ended = text, at, False
    return "".join(parts)


def _needs_a_blank(last: str, first: str) -> bool:
    """Tell whether two tokens would be read as another one if nothing stood between them."""
    if first in "+-/":
        return last[-1] == first
    return last.isdecimal() if first == "." else last[-1] in LETTERS


def _may_end(tokens: Tokens, at: int) -> bool:
    """Tell whether a statement may end behind a token without a semicolon."""
    text = tokens.texts[at]
    if text == ")":
        return not tokens.is_head(tokens.partner[at])
    if text == "}":
        return not _is_statement(tokens, tokens.partner[at])
    return tokens.kinds[at] not in ("sign", "bracket") or text in ("]", "++", "--")


def _may_begin(tokens: Tokens, at: int, text: str) -> bool:
    return tokens.kinds[at] not in ("sign", "bracket", "member") or text in ("{", "!", "~", "++", "--")


def _is_statement(tokens: Tokens, opening: int) -> bool:
    """Tell whether a brace opens a statement's block, or the body of a function or a class that is declared."""
    before = opening - 1
    if tokens.at(before) in BLOCKS:
        return True
    if tokens.at(before) != ")":
        return False
    head = tokens.partner[before] - 1
    if tokens.is_head(head + 1) or tokens.at(head) == "catch":
        return True
    start = head - 2 if tokens.at(head - 1) == "*" else head - 1
    if tokens.at(start) != "function":
        return False
    start -= tokens.at(start - 1) == "async"
    return start == 0 or tokens.at(start - 1) in (";", "{", "}")


def _without_needless(tokens: Tokens, texts: list[str]) -> list[str]:
    said = _joined(tokens, texts)
    for at, text in enumerate(tokens.texts):
        if text in CLOSES and _is_needless(tokens, at - 1, text):
            said[at - 1] = ""
        elif text == "=>" and tokens.at(at - 1) == ")" and tokens.at(at - 3) == "(" and tokens.kinds[at - 2] == "word":
            said[at - 1] = said[at - 3] = ""
    return said


def _joined(tokens: Tokens, texts: list[str]) -> list[str]:
    """Make one statement of declarations that follow each other: `const a = 1; const b = 2;`."""
    said = list(texts)
    begins: dict[int, int] = {}  # within each bracket, where the statement begins that is read
    ended: dict[int, int] = {}  # and where the one before it did
    for at, (text, within) in enumerate(zip(tokens.texts, tokens.within, strict=True)):
        if text == ";":
            ended[within], begins[within] = begins.get(within, -1), at + 1
        elif text == "const":
            begins[within] = at
            if tokens.at(at - 1) == ";" and tokens.at(ended.get(within, -1)) == "const":
                said[at - 1], said[at] = ",", ""
    return said


def _is_needless(tokens: Tokens, at: int, closes: str) -> bool:
    """Tell whether the comma or the semicolon before a bracket that closes says nothing."""
    if tokens.at(at) == ",":
        return tokens.at(at - 1) not in (",", "[", "(")
    return tokens.at(at) == ";" and closes == "}" and not _is_empty_statement(tokens, at)


def _is_empty_statement(tokens: Tokens, at: int) -> bool:
    before = tokens.at(at - 1)
    if before == ")":
        return tokens.is_head(tokens.partner[at - 1])
    return before in BLOCKS or before in (";", "{", "}")
