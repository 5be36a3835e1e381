"""Recognition: does a column hold texts that people wrote, by what was counted of all its cells and by some of them?

    "Good case, excellent value." │ "口味一般。送得很慢。" mostly different, words enough          ─> texts
    "Strongly agree with this"    │ five of them in 900 rows                                 ─> a category
    "Braund, Mr. Owen Harris"     │ nearly every word begins with a capital letter           ─> names
    "12 Main St, Springfield 627" │ many words hold a digit                                  ─> addresses
    "ab-77-fe", "/img/1.png"      │ one word a cell                                          ─> keys

Scripts that write no blanks are counted in characters. It knows nothing about files or other types.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.sources.tally import WORDS, Tally, Verdict

MIN_PRESENT = 20  # below, "mostly different" says little
MOSTLY_DIFFERENT = 0.5  # of the cells; below, what comes again and again is a name for something
MIN_WORDS = 5.0  # in a cell, on the average
MIN_PROSE_WORDS = 3.0  # the same where nothing but prose looks so
PROSE_SMALL = 0.6  # of the words begin with a small letter: no names do
PROSE_STOPS = 0.3  # of the cells hold a comma or full stop of a script that writes no blanks: no names do
NAME_SMALL = 0.1  # of the words, below which they are names
NUMBERED = 0.12  # of the words hold a digit: addresses, products, codes
NAME_MAX_WORDS = 9.0  # names and addresses are shorter, on the average
NUMBERED_LONG = 0.3  # of the words of longer cells: lists of numbers, settings, tables
MIN_LETTERS = 0.5  # of the characters that are no blanks: the rest is formulas, paths, drawings
LOOKED_AT_CHARS = 1000  # of a cell

IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
IDEOGRAPHS_A_WORD = 3.0  # about as many say what a word of letters says
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer
UNSPACED_A_WORD = 6.0
STOP = re.compile(r"[\u3001\u3002\uff01\uff0c\uff1f\uff5e]")
WORD, DIGIT, LETTER = re.compile(r"\S+"), re.compile(r"\d"), re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Look:
    """What some cells look like, as shares."""

    unspaced: float  # words of scripts that write no blanks, a character of any kind
    small: float  # of the words: begin with a small letter
    capital: float  # with a capital one; 0 where all letters are capitals
    numbered: float  # hold a digit
    letters: float  # of the characters that are no blanks
    stops: float  # of the cells: hold a comma or full stop of a script that writes no blanks

    @classmethod
    def of(cls, cells: Sequence[str]) -> "Look":
        """Look at some different cells."""
        joined = "\n".join(cell[:LOOKED_AT_CHARS] for cell in cells)
        words = WORD.findall(joined)
        unspaced = len(IDEOGRAPH.findall(joined)) / IDEOGRAPHS_A_WORD + len(UNSPACED.findall(joined)) / UNSPACED_A_WORD
        of_all = 1 / max(len(words) + unspaced, 1)
        starts = [letter.group() for word in words if (letter := LETTER.search(word)) is not None]
        is_shouted = not any(map(str.islower, joined))
        return cls(
            unspaced=unspaced / max(len(joined), 1),
            small=sum(map(str.islower, starts)) * of_all,
            capital=0.0 if is_shouted else sum(map(str.isupper, starts)) * of_all,
            numbered=sum(DIGIT.search(word) is not None for word in words) * of_all,
            letters=len(LETTER.findall(joined)) / max(sum(map(len, words)), 1),
            stops=sum(STOP.search(cell) is not None for cell in cells) / max(len(cells), 1),
        )


def are_texts(tally: Tally, verdict: Verdict) -> bool:
    """Say whether a column holds texts: long enough, mostly different, neither names nor addresses nor codes."""
    if verdict.kind != WORDS or tally.present < MIN_PRESENT:
        return False
    return tally.different > MOSTLY_DIFFERENT * tally.present and are_sentences(tally)


def are_sentences(tally: Tally) -> bool:
    """Say whether the cells are sentences, however often each comes."""
    if tally.mean_chars < 2 * MIN_PROSE_WORDS:
        return False  # before some are looked at
    look = Look.of(tally.first_words)
    words = tally.mean_words + tally.mean_chars * look.unspaced
    if look.letters < MIN_LETTERS or look.numbered > (NUMBERED if words <= NAME_MAX_WORDS else NUMBERED_LONG):
        return False
    if look.small >= PROSE_SMALL or look.stops >= PROSE_STOPS:
        return words > MIN_PROSE_WORDS
    are_names = look.capital > 0 and look.small < NAME_SMALL and words <= NAME_MAX_WORDS
    return words > MIN_WORDS and not are_names
