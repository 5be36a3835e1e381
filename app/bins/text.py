"""Texts in bins, by four sides: how long, in which script, with how much that training never saw, with which words.

    TextBins                    as `profile.json` has them
    text_bins(texts)            those of training's texts, "" for missing
    TextCounter(bins, start)    the texts of one feature, counted

Of a text as many characters are looked at as nine in ten of training's have: that bounds what is kept of the traffic.
A text counts once on each side, and on that of the words once for each of them.
It knows neither features nor samples.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.bins.characters import SCRIPTS, Characters, portions, word_table, words_in
from app.bins.layout import MISSING, OTHER, Floats, Layout, check_shares, distinct
from app.bins.number import EDGES_MAX

WORDS_MAX = 200  # that have a bin: each is a time series
CHARACTERS_MAX = 10_000  # that are known to the profile, the most frequent: Chinese texts have some 5,000
UNKNOWN_EDGES = (0.0, 0.01, 0.05, 0.2)  # of the share of characters that training never saw
UNKNOWN_NAMES = ("none", "to 1%", "to 5%", "to 20%", "more")
SAMPLE_TEXTS = 50_000  # of training's that are looked at, evenly spread


class TextBins(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="text"):
    """Shares of training's texts; a length x, in characters, is in bin i when edges[i-1] < x <= edges[i]."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]  # one more than edges
    missing: float
    scripts: dict[str, float]  # of texts that are not missing, as all below
    characters: str  # that training saw, as small letters
    unknown: tuple[float, ...]  # by the share of other characters, a bin for each of `UNKNOWN_NAMES`
    words: dict[str, float]  # the most frequent first
    other: float  # of all other words

    def check(self) -> None:
        """Raise `ValueError` with the expectation that the bins do not meet, and what was received."""
        edges = self.edges
        if not 0 < len(edges) <= EDGES_MAX or list(edges) != sorted(set(edges)) or edges[0] < 0:
            raise ValueError(f"expected 1 to {EDGES_MAX} ascending edges. Received: {list(edges)!s:.200}")
        if len(self.shares) != len(edges) + 1 or len(self.unknown) != len(UNKNOWN_NAMES):
            received = f"{len(self.shares)} and {len(self.unknown)}"
            raise ValueError(f"expected {len(edges) + 1} shares and {len(UNKNOWN_NAMES)} unknown. Received: {received}")
        if others := self.scripts.keys() - set(SCRIPTS):
            raise ValueError(f"expected scripts of {', '.join(SCRIPTS)}. Received: {min(others):.80}")
        if "" in self.words:
            raise ValueError("expected words that are not empty. Received: an empty one")
        if len(self.words) > WORDS_MAX or len(self.characters) > CHARACTERS_MAX:
            received = f"{len(self.words)} and {len(self.characters)}"
            raise ValueError(
                f"expected {WORDS_MAX} words and {CHARACTERS_MAX} characters at most. Received: {received}"
            )
        check_shares([*self.shares, self.missing])
        for shares in (self.scripts.values(), self.unknown, [*self.words.values(), self.other]):
            check_shares(shares)

    def layouts(self) -> dict[str, Layout]:
        """Lay out the sides, in the order in which they are counted."""
        lengths = [str(number) for number in range(1, len(self.edges) + 2)]
        return {
            "length": Layout((*lengths, MISSING), (*self.shares, self.missing)),
            "script": Layout(SCRIPTS, tuple([self.scripts.get(script, 0.0) for script in SCRIPTS])),
            "unknown": Layout(UNKNOWN_NAMES, self.unknown),
            "words": Layout((*distinct(self.words), OTHER), (*self.words.values(), self.other)),
        }

    @property
    def longest(self) -> int:
        """Characters of a text that are looked at."""
        return int(self.edges[-1]) + 1


class TextCounter:
    """Counts texts from the place `start` on."""

    def __init__(self, bins: TextBins, start: int) -> None:
        self.longest = bins.longest
        self._edges = np.array(bins.edges)
        self._known = known_table(bins.characters)
        self._words = tuple(bins.words)
        sizes = [len(layout.names) for layout in bins.layouts().values()]
        self._starts = (start + np.cumsum([0, *sizes])).tolist()
        word_table()  # made now, and not within the first count

    def count(self, texts: Sequence[str], found: Floats) -> None:
        """Count texts, "" for missing."""
        present = [text[: self.longest] for text in texts if text]
        found[self._starts[1] - 1] += len(texts) - len(present)
        for some in portions(present):
            self._count(some, found)

    def _count(self, texts: Sequence[str], found: Floats) -> None:
        characters = Characters.of(texts)
        unknown = ~self._known[np.minimum(characters.codes, len(self._known) - 1)]
        sides = (
            np.searchsorted(self._edges, characters.lengths),
            characters.scripts(),
            np.searchsorted(UNKNOWN_EDGES, characters.shares(unknown)),
        )
        for start, places in zip(self._starts, sides, strict=False):
            found += np.bincount(start + places, minlength=len(found))
        self._count_words(texts, found)

    def _count_words(self, texts: Sequence[str], found: Floats) -> None:
        words = words_in(texts)
        times = np.fromiter((words[word] for word in self._words), np.int64, len(self._words))
        start, end = self._starts[3:]
        found[start : end - 1] += times
        found[end - 1] += words.total() - times.sum()


def text_bins(texts: Sequence[str]) -> TextBins:
    """Return the bins of training's texts, "" for missing; of many, `SAMPLE_TEXTS` are looked at, evenly spread."""
    present = [text for text in texts if text]
    sample = [present[at] for at in _evenly(len(present))] or [" "]
    lengths = np.fromiter(map(len, sample), np.int64, len(sample))
    edges = np.unique(np.quantile(lengths, np.arange(1, 10) / 10, method="inverted_cdf")).astype(np.float64)
    words, characters = _known([text[: int(edges[-1]) + 1] for text in sample])
    bins = TextBins(
        edges=tuple(edges.tolist()), shares=(), missing=1 - len(present) / max(1, len(texts)),
        scripts={}, characters=characters, unknown=(), words=dict.fromkeys(words, 0.0), other=0.0,
    )  # fmt: skip
    return _shared(bins, sample)


def known_table(characters: str) -> NDArray[np.bool_]:
    """Return which characters are known, by their code point, capital ones too; the last is all beyond."""
    codes = [ord(one) for each in characters for one in {each, each.upper(), each.title()} if len(one) == 1]
    table = np.zeros(max(codes, default=0) + 2, bool)
    table[codes] = True
    return table


def _evenly(count: int) -> list[int]:
    places: list[int] = np.linspace(0, count - 1, min(count, SAMPLE_TEXTS)).astype(np.int64).tolist()
    return places


def _known(texts: Sequence[str]) -> tuple[list[str], str]:
    """Return the most frequent words and characters."""
    words: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for some in portions(texts):
        words.update(words_in(some))
        characters.update("".join(some).lower())
    frequent = [one for one, _ in characters.most_common(CHARACTERS_MAX) if not "\ud800" <= one <= "\udfff"]
    return [word for word, _ in words.most_common(WORDS_MAX)], "".join(sorted(frequent))


def _shared(bins: TextBins, texts: Sequence[str]) -> TextBins:
    """Fill in the shares that the service would count of these texts."""
    counted = np.zeros(sum([len(layout.names) for layout in bins.layouts().values()]))
    TextCounter(bins, 0).count(texts, counted)
    ends = np.cumsum([len(layout.names) for layout in bins.layouts().values()])
    *sides, words = np.split(counted, ends[:-1])
    words[-1] += not words.any()  # there are none: all would be others
    lengths, scripts, unknown = ((side / len(texts)).tolist() for side in sides)
    return msgspec.structs.replace(
        bins,
        shares=tuple([(1 - bins.missing) * share for share in lengths[:-1]]),
        scripts={script: share for script, share in zip(SCRIPTS, scripts, strict=True) if share},
        unknown=tuple(unknown),
        words=dict(zip(bins.words, (words / words.sum()).tolist(), strict=False)),
        other=float(words[-1] / words.sum()),
    )
