"""Names: those of a table's columns, each once."""

from collections.abc import Sequence

from app.sources.chunks import SHOWN_CHARS
from app.sources.errors import SourceError

TWICE_CHARS = 400  # of the names that stand twice


def check(file: str, names: Sequence[str]) -> None:
    """Refuse names that stand twice, and a first row in place of names, with a SourceError."""
    twice = _twice(names)
    if twice:
        raise SourceError(f"{file}: expected unique column names. Received twice: {', '.join(twice)[:TWICE_CHARS]}.")
    if all(_is_float(name) for name in names if name) and any("." in name for name in names):
        expected = "a first line with the names of the columns"
        raise SourceError(f"{file}: expected {expected}. Received only numbers: {', '.join(names)[:SHOWN_CHARS]}.")


def filled(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names with made-up ones where there are none, and those."""
    taken, unnamed, found = set(names), [], []
    for place, name in enumerate(names, 1):
        made = name or f"column {place}"
        while not name and made in taken:
            made += "_"
        taken.add(made)
        found.append(made)
        unnamed += [] if name else [made]
    return found, unnamed


def _twice(names: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    return sorted({name for name in names if name and (name in seen or seen.add(name))})  # type: ignore[func-returns-value]


def _is_float(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
