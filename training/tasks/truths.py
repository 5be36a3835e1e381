"""Truths: what is known of the columns of a target, by all rows of the file.

It knows nothing about tasks, which make cells of what stands there.
"""

from dataclasses import dataclass
from typing import Any

from app.sources.rules import ColumnRule
from app.sources.words import as_words, clean

SHOWN_WORDS = 3


@dataclass(frozen=True)
class TargetColumn:
    """One of the columns of a target."""

    name: str
    kind: str  # as `app.sources.tally` has them
    rule: ColumnRule
    words: tuple[str, ...] | None  # its different cells; None: very many
    arrow_type: str

    def __str__(self) -> str:
        words = self.words or ()
        more = " …" if len(words) > SHOWN_WORDS else ""
        return (
            f"{self.name!r} ({self.kind}: {', '.join(words[:SHOWN_WORDS])}{more})"
            if words
            else f"{self.name!r} ({self.kind})"
        )


def clean_texts(values: Any) -> Any:
    """Return a column as clean texts, null where missing."""
    return clean(as_words(values))
