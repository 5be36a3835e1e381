"""How many rows there may be: known of Parquet, guessed of texts by the length of their first lines."""

from pathlib import Path

from app.scoring.parts.plan import Plan
from app.sources.source import head_of

HEAD_BYTES = 2**20


def rows_of(plan: Plan, paths: list[Path]) -> int | None:
    """Return how many rows there are, or about so many; None where nobody can say."""
    if plan.rows is not None:
        return plan.rows
    if plan.form.kind not in ("csv", "jsonl"):
        return None
    return sum(_lines(path) for path in paths)


def _lines(path: Path) -> int:
    text, read_bytes = head_of(path, HEAD_BYTES)
    return round(text.count(b"\n") / max(1, read_bytes) * path.stat().st_size)
