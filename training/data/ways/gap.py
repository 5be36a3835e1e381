"""Gap: so much time between the parts, as `--gap` says it: 7d, 12h, 30."""

import re

from training.errors import DataError

SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s?([wdhms]?)")
TIMES, NUMBERS = "a time such as 7d, 12h, 30m or 2w", "a number such as 30"


def width(written: str | None, column: str, *, measures_time: bool) -> float:
    """Return how wide it is on the line of a column: seconds, or what its numbers are; raises a DataError."""
    if written is None:
        return 0.0
    found = WRITTEN.fullmatch(written.strip())
    if found is None or bool(found[2]) != measures_time:
        expected, kind = (TIMES, "dates") if measures_time else (NUMBERS, "numbers")
        raise DataError(f"`--gap`: expected {expected}, for {column!r} holds {kind}. Received: {written!r}.")
    return float(found[1]) * SECONDS.get(found[2], 1)


def check(written: str | None) -> None:
    """Refuse what is no gap of any column."""
    if written is not None and WRITTEN.fullmatch(written.strip()) is None:
        raise DataError(f"`--gap`: expected {TIMES}, or {NUMBERS}. Received: {written!r}.")
