"""Hashing: codes of characters -> hashes of n-grams, in the integers that the graph computes, too.

    codes ─┬─ of 3, 4 and 5 characters, from here; no space strictly inside ─┐
           └─ of the word, and of two words, that begin here ────────────────┴─> (5, positions), negative for none

A hash is a sum of products, of which 31 bits are kept; nothing overflows 63. A word's is the sum over its characters,
each times a number that goes by its distance from the word's beginning. The place of a text among those of a row moves
its hashes, so that one table serves all columns. Only the lengths and kinds above are known here.
It knows nothing about which n-grams matter, or graphs.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.features.text.characters import (
    CLASSES,
    HASHED,
    LETTERS,
    MARK,
    SPACE_CODE,
    Characters,
    Codes,
    folded_points,
)

Hashes = NDArray[np.int64]

KINDS = 5  # of n-grams: 3, 4, 5 characters; 1, 2 words
LENGTHS = (3, 4, 5)  # characters
EVERY_KIND, OF_CHARACTERS, OF_WORDS, OF_SINGLE_WORDS = slice(0, 5), slice(0, 3), slice(3, 5), slice(3, 4)
KEPT_BITS = (1 << 31) - 1
SIGN_AND_KEPT_BITS = KEPT_BITS - (1 << 63)
LARGEST = KEPT_BITS - (1 << 16)  # of a hash that is used: those above stand for none where they are looked up
NOTHING = -(1 << 62)  # where no word begins
INNER_SPACE = -(1 << 28)  # what a space strictly inside stands for: it makes any sum negative
BEFORE, BEHIND = 1, 5  # spaces around the codes: each position then has what stands beside it
PLACE = 0x3C6EF372  # how far one place moves a hash
LONGEST_TOLD_APART = 64  # characters of a word that have a number of their own

_RANDOM = np.random.Generator(np.random.PCG64(20261129))
INNER = tuple(int(number) | 1 for number in _RANDOM.integers(1 << 30, 1 << 31, 4))  # times the characters but the last
LAST = int(_RANDOM.integers(1 << 30, 1 << 31)) | 1
WORDS = tuple(int(number) | 1 for number in _RANDOM.integers(1 << 29, 1 << 30, 2))  # times the words of a pair
DISTANCES: Hashes = _RANDOM.integers(1 << 30, 1 << 31, LONGEST_TOLD_APART) | 1

CHUNK_CODES = 1 << 18  # hashed at a time: some 60 MB


def hashes(
    texts: Sequence[str], characters: Characters, place: int = 0, kinds: slice = EVERY_KIND
) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the hash of every n-gram of every text, as they follow, and where each text begins: (n,), (texts + 1,)."""
    parts = [_hashes(chunk, characters, place, kinds) for chunk in chunks(texts)]
    counts = np.concatenate([np.zeros(1, np.int64), *(count for _, count in parts)])
    return np.concatenate([np.zeros(0, np.int64), *(values for values, _ in parts)]), np.cumsum(counts)


def named(texts: Sequence[str], characters: Characters, wanted: Hashes, place: int = 0) -> dict[int, str]:
    """Return a string that made each of the wanted hashes, folded, as far as the texts hold one."""
    found: dict[int, str] = {}
    wanted = np.unique(wanted)
    for chunk in chunks(texts):
        _name(chunk, characters, wanted, place, found)
    return found


def moved(place: int) -> int:
    """Return how far a place moves the hashes of its texts."""
    return place * PLACE & KEPT_BITS


def grams(words: "Words", moves: Hashes | int = 0) -> Hashes:
    """Return the hashes that begin at each position: (KINDS, positions), negative for none.

    `moves`: how far the place of each text moves them, (positions,) or one for all.
    """
    every: Hashes = np.stack([*_of_characters(words.padded & HASHED), *words.hashes()])
    every += moves
    every &= SIGN_AND_KEPT_BITS
    return every


def _of_characters(padded: Codes) -> Iterator[Hashes]:
    """Yield the sums of 3, 4 and 5 characters."""
    inside = np.where(padded == SPACE_CODE, INNER_SPACE, padded)
    last = padded * LAST
    total = _from(padded * INNER[0], 0)
    for length in LENGTHS:
        new = range(1, 2) if length == LENGTHS[0] else range(length - 2, length - 1)
        for place in new:
            total = total + _from(inside * INNER[place], place)
        yield total + _from(last, length - 1)


def _from(padded: Codes, place: int) -> Codes:
    """Return what stands so many places behind each position: (positions,)."""
    first = BEFORE + place
    return padded[first : len(padded) - BEHIND + 1 + place]


@dataclass(frozen=True)
class Words:
    """The words of a run of codes, by position: one for each code, and one behind."""

    padded: Codes  # with the spaces around
    begins: NDArray[np.bool_]  # (positions,) whether a word does here
    start: NDArray[np.int64]  # (positions,) where the word of each position began
    following: NDArray[np.int64]  # (positions,) where the next one begins

    @classmethod
    def of(cls, codes: Codes) -> "Words":
        padded = np.concatenate([[SPACE_CODE] * BEFORE, codes, [SPACE_CODE] * BEHIND])
        here, before = _from(padded, 0), _from(padded, -1)
        begins = (here & CLASSES) > (before & LETTERS)  # the second letter of a word does not
        count = np.cumsum(begins)
        starts = np.concatenate([[0], np.flatnonzero(begins), [len(codes)]])
        return cls(padded, begins, starts[count], starts[1:][count])

    def hashes(self) -> tuple[Hashes, Hashes]:
        """Return the sums of the word, and of the two words, that begin at each position."""
        distance = (np.arange(len(self.start)) - self.start) & (LONGEST_TOLD_APART - 1)
        products = ((_from(self.padded, 0) & HASHED) * DISTANCES[distance]) & KEPT_BITS
        before = np.cumsum(products) - products
        word = (before[self.following] - before) & KEPT_BITS
        pair = word * WORDS[0] + word[self.following] * WORDS[1]
        return np.where(self.begins, word, NOTHING), np.where(self.begins, pair, NOTHING)


def chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield stretches of texts that are hashed at a time."""
    first, codes = 0, 0
    for place, text in enumerate(texts):
        if codes and codes + len(text) > CHUNK_CODES:
            yield texts[first:place]
            first, codes = place, 0
        codes += len(text) + 2
    if first < len(texts):
        yield texts[first:]


def _hashes(texts: Sequence[str], characters: Characters, place: int, kinds: slice) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the hashes of some texts, and how many each has."""
    codes, splits = characters.codes(texts)
    every = _worth_knowing(codes, Words.of(codes), place)[kinds]
    counts = np.add.reduceat((every >= 0).sum(axis=0), splits[:-1])
    ordered = every.T.ravel()
    return ordered[ordered >= 0], counts


def _worth_knowing(codes: Codes, words: Words, place: int) -> Hashes:
    """Return the hashes by position without those of words that are marks: (KINDS, codes)."""
    every = grams(words, moved(place))[:, :-1]
    marks = np.append(codes == MARK, True)
    every[3:, marks[:-1]] = NOTHING
    every[4, marks[words.following[:-1]]] = NOTHING
    every[np.isin(every, _of_marks(place)) | (every > LARGEST)] = NOTHING
    return every


@functools.cache
def _of_marks(place: int) -> Hashes:
    """Return what marks alone hash to: with others behind them or without, so by the company of a text."""
    return np.unique(grams(Words.of(np.array([MARK, MARK])), moved(place))[3:])


def _name(texts: Sequence[str], characters: Characters, wanted: Hashes, place: int, found: dict[int, str]) -> None:
    codes, _ = characters.codes(texts)
    words = Words.of(codes)
    every = _worth_knowing(codes, words, place)
    kinds, positions = np.nonzero(np.isin(every, wanted))
    keys, first = np.unique(every[kinds, positions], return_index=True)
    points = folded_points(texts)
    for key, kind, position in zip(keys.tolist(), kinds[first].tolist(), positions[first].tolist(), strict=True):
        end = _end(kind, position, words.following)
        text = "".join(map(chr, points[position:end].tolist()))
        found.setdefault(key, text if kind < len(LENGTHS) else text.rstrip())


def _end(kind: int, position: int, following: NDArray[np.int64]) -> int:
    """Return where an n-gram ends; the spaces behind a word are its own."""
    if kind < len(LENGTHS):
        return position + LENGTHS[kind]
    end = int(following[position])
    return end if kind == KINDS - 2 else int(following[end])
