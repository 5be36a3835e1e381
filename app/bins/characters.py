"""Characters of many texts at once: scripts, that of most letters of a text, and words.

    texts ─ Characters.of ─> code points after one another, and of which text each is
                                 ├─ scripts()   a place in SCRIPTS for each text
                                 └─ shares(…)   which share of each text's characters is marked
    texts ─ words_in ─> words, in small letters; a character of Chinese is one
    text ─ word_spans ─> where each of them stands

All is looked up in tables, so that a character costs some nanoseconds. It knows neither features nor bins.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

RANGES = {  # of code points
    "latin": "41-5A 61-7A AA-AA BA-BA C0-2AF 1E00-1EFF 2C60-2C7F A720-A7FF AB30-AB64 FB00-FB06 FF21-FF3A FF41-FF5A",
    "greek": "370-3FF 1F00-1FFF",
    "cyrillic": "400-52F 1C80-1C8F 2DE0-2DFF A640-A69F",
    "hebrew": "590-5FF FB1D-FB4F",
    "arabic": "600-6FF 750-77F 8A0-8FF FB50-FDFF FE70-FEFF",
    "devanagari": "900-97F A8E0-A8FF",
    "thai": "E00-E7F",
    "hangul": "1100-11FF 3130-318F A960-A97F AC00-D7FF FFA0-FFDC",
    "kana": "3041-30FF 31F0-31FF FF66-FF9F 1B000-1B16F",
    "han": "2E80-2FDF 3005-3007 3400-4DBF 4E00-9FFF F900-FAFF 20000-323AF",
}
NONE, OTHER = "none", "other"  # no letter at all; letters of another script
SCRIPTS = (NONE, *RANGES, OTHER)
END = 0x32400  # beyond the last letter of a script above

BREAK, INNER, ALONE = 0, 1, 2  # characters between words, of words, and that are a word each
BLANK = 32

Codes = NDArray[np.uint32]


@dataclass(frozen=True)
class Characters:
    """The characters of some texts."""

    codes: Codes  # (characters,) of all texts after one another
    rows: NDArray[np.int64]  # (characters,) of which text each is
    lengths: NDArray[np.int64]  # (texts,)

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Characters":
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        codes = code_points("".join(texts))
        return cls(codes, np.repeat(np.arange(len(texts)), lengths), lengths)

    def scripts(self) -> NDArray[np.int64]:
        """Return the place in `SCRIPTS` of each text: (texts,); of two that are as frequent the first."""
        table, texts = script_table(), len(self.lengths)
        letters = table[np.minimum(self.codes, END)]
        found = np.bincount(self.rows * len(SCRIPTS) + letters, minlength=texts * len(SCRIPTS))
        found = found.reshape(texts, len(SCRIPTS))
        found[:, 0] = 0  # what is no letter counts where there is no letter
        places: NDArray[np.int64] = np.argmax(found, axis=1)
        return places

    def shares(self, marked: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the share of each text's characters that are marked, (characters,) truths: (texts,)."""
        found = np.bincount(self.rows[marked], minlength=len(self.lengths))
        return found / np.maximum(self.lengths, 1)


def code_points(text: str) -> Codes:
    """Return the code points of a text: (characters,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def words_in(texts: Sequence[str]) -> Counter[str]:
    """Count the words of texts, in small letters."""
    codes = code_points("\n".join(texts).lower())
    kinds = word_table()[np.minimum(codes, END)]
    codes = np.where(kinds == BREAK, np.uint32(BLANK), codes)
    if (alone := kinds == ALONE).any():
        codes = _apart(codes, alone)
    return Counter(codes.tobytes().decode("utf-32-le", "surrogatepass").split())


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return where each word of a text begins and ends."""
    kinds = word_table()[np.minimum(code_points(text), END)]
    inner = np.diff((kinds == INNER).astype(np.int8), prepend=0, append=0)
    alone = np.flatnonzero(kinds == ALONE)
    starts = np.concatenate([np.flatnonzero(inner == 1), alone])
    ends = np.concatenate([np.flatnonzero(inner == -1), alone + 1])
    order = np.argsort(starts)
    return list(zip(starts[order].tolist(), ends[order].tolist(), strict=True))


def _apart(codes: Codes, alone: NDArray[np.bool_]) -> Codes:
    """Put blanks around what is a word of its own."""
    ends = np.cumsum(1 + 2 * alone)  # beyond the place of each
    spaced = np.full(ends[-1], BLANK, np.uint32)
    spaced[ends - 1 - alone] = codes
    return spaced


def scripts_of(texts: Sequence[str]) -> list[str]:
    """Name the script of each text."""
    places = [place for some in portions(texts) for place in Characters.of(some).scripts().tolist()]
    return [SCRIPTS[place] for place in places]


def portions(texts: Sequence[str], most: int = 2**20) -> Iterator[Sequence[str]]:
    """Cut texts into portions of about so many characters: what is computed from one takes 40 bytes a character."""
    start = characters = 0
    for at, text in enumerate(texts):
        characters += len(text)
        if characters > most:
            yield texts[start : at + 1]
            start, characters = at + 1, 0
    if start < len(texts):
        yield texts[start:]


@cache
def script_table() -> NDArray[np.uint8]:
    """Return the place in `SCRIPTS` of each character by its code point; the last is that of all beyond."""
    letters = np.fromiter((chr(code).isalpha() for code in range(END)), np.bool_, END)
    table = np.append(letters * np.uint8(SCRIPTS.index(OTHER)), np.uint8(0))
    for place, ranges in enumerate(RANGES.values(), 1):
        for first, last in [map(partial(int, base=16), each.split("-")) for each in ranges.split()]:
            table[first : last + 1][letters[first : last + 1]] = place
    return table


@cache
def word_table() -> NDArray[np.uint8]:
    """Return what each character is to words, by its code point; the last is that of all beyond."""
    inner = (chr(code) in "_'" or unicodedata.category(chr(code))[0] in "LMN" for code in range(END))
    table = np.append(np.fromiter(inner, np.bool_, END) * np.uint8(INNER), np.uint8(BREAK))
    alone = np.isin(script_table(), [SCRIPTS.index("han"), SCRIPTS.index("kana")])
    table[alone] = ALONE
    return table
