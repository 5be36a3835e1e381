"""Folding: which characters are told apart, and what each is to a word.

    code point ─ NFKC ─ lower case ─> folded code point ─> space, letter or other

Every code point is folded alone, so that a table can hold it: what would become several is kept as it is. Spaces and
control characters are all one space, and curly quotes are straight. Scripts that set no spaces between words
(Chinese, Japanese, Thai, …) have no letters here: each of their characters is a word of its own, as a punctuation
mark or an emoji is.
It knows nothing about hashes or graphs.
"""

import functools
import sys
import unicodedata

import numpy as np
from numpy.typing import NDArray

SPACE, LETTER, OTHER = 0, 1, 2  # classes
SPACE_POINT = 0x20
UNKNOWN_POINT = 0xFFFD  # the replacement character
POINTS = sys.maxunicode + 1
FOLDED_POINTS = 0x30000  # no character above has another form
SURROGATES = slice(0xD800, 0xE000)  # no characters
BLANK = ("Zs", "Zl", "Zp", "Cc")
IN_WORDS = ("L", "N", "M", "Pc", "Cf")  # letters, digits, marks, the underscore, joiners
QUOTES = {0x2018: 0x27, 0x2019: 0x27, 0x02BC: 0x27, 0x201C: 0x22, 0x201D: 0x22}
WITHOUT_SPACES = (  # first and last code points of scripts whose words stand without spaces
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # radicals, kana, bopomofo
    (0x31A0, 0x9FFF),  # more of them, ideographs
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),  # more kana
    (0x20000, 0x3FFFF),  # more ideographs
)

Points = NDArray[np.int64]


@functools.cache
def folds() -> Points:
    """Return what each code point becomes: (POINTS,)."""
    found = np.arange(POINTS)
    found[:FOLDED_POINTS] = [_fold(chr(point)) for point in range(FOLDED_POINTS)]
    found[SURROGATES] = UNKNOWN_POINT
    return found


@functools.cache
def classes() -> Points:
    """Return what each folded code point is to a word: (POINTS,), one of SPACE, LETTER, OTHER."""
    found = np.full(POINTS, OTHER)
    for point in range(FOLDED_POINTS):
        found[point] = _class(chr(point))
    for first, last in WITHOUT_SPACES:
        found[first : last + 1] = OTHER
    return found


def _fold(character: str) -> int:
    point, category = ord(character), unicodedata.category(character)
    if category in BLANK:
        return SPACE_POINT
    if point in QUOTES:
        return QUOTES[point]
    return _lower(unicodedata.normalize("NFKC", character), point)


def _lower(normal: str, point: int) -> int:
    """Return the one code point of the normal form in lower case, or the nearest that is one alone."""
    for text in (normal.lower(), normal):
        if len(text) == 1:
            return ord(text)
    return SPACE_POINT if normal.isspace() else point


def _class(character: str) -> int:
    if ord(character) == SPACE_POINT:
        return SPACE
    letter = character == "'" or unicodedata.category(character).startswith(IN_WORDS)
    return LETTER if letter else OTHER
