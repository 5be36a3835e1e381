r"""Words: what a caller sent -> the word of a vocabulary that it stands for.

    "Zürich"              in the vocabulary        ─> as sent
    " Zu\u0308rich\u00a0"  stripped and composed, is ─> "Zürich"
    "Zurich"              is not even then         ─> as sent, and unknown

Readers of text files strip and compose every cell; callers of a service copy from such files as they stand.
It knows neither features nor answers.
"""

import unicodedata
from collections.abc import Iterable

DECOMPOSED_CHARS = 4  # of a composed character, at most: UAX #15, "Maximum Expansion Factor" of NFD in UTF-32


class Vocabulary:
    """The words that a model knows."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._longest = DECOMPOSED_CHARS * max(map(len, self._words), default=0)

    def meant(self, word: str) -> str:
        """Return the word as sent, or stripped of white space and composed (NFC) where only that is known.

        What is too long for it is not composed: that takes time by the square of combining characters in a row.
        """
        if word in self._words:
            return word
        stripped = word.strip()  # no-break spaces too
        if len(stripped) > self._longest:
            return word
        composed = unicodedata.normalize("NFC", stripped)
        return composed if composed in self._words else word


def composed(words: Iterable[str]) -> frozenset[str]:
    """Return the words that are stripped and composed as they stand, for which no other can be meant."""
    return frozenset(word for word in words if word == unicodedata.normalize("NFC", word.strip()))
