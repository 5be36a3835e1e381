"""Labels: words of a column that differ by so little that one may be a slip for another.

    "Yes", "yes"; "1", "1.0", "01"  ─>  said: they are taken as different

It knows nothing about files or types.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

from training.rendering.markdown import code

SHOWN_GROUPS = 3
SHOWN_CHARS = 40


def variants(name: str, counts: Mapping[str, int], *, is_target: bool) -> list[str]:
    """Say which of the words differ in case, or in how a number is written, alone."""
    what = "labels" if is_target else "values"
    found = []
    for by, how in ((str.casefold, "in upper and lower case"), (_number, "in how a number is written")):
        groups = _alike(counts, by)
        if groups:
            shown = "; ".join(", ".join(f"{word[:SHOWN_CHARS]!r} ({counts[word]:,})" for word in one) for one in groups)
            found.append(f"{code(name)} has {what} that differ {how} alone: {shown}; they are taken as different")
    return found


def _alike(counts: Mapping[str, int], by: Callable[[str], str | float]) -> list[list[str]]:
    groups = defaultdict(list)
    for word in counts:
        groups[by(word)].append(word)
    return [sorted(group) for group in groups.values() if len(group) > 1][:SHOWN_GROUPS]


def _number(word: str) -> str | float:
    try:
        return float(word)
    except ValueError:
        return word
