"""Markdown: numbers and tables as the card has them.

It knows nothing about what they say.
"""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table; columns of numbers are aligned to the right."""
    cells = [list(row) for row in rows]
    sides = ["---:" if all(map(_is_number, column)) else "---" for column in zip(*cells, strict=True)]
    lines = [head, sides or ["---"] * len(head), *cells]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def number(value: float) -> str:
    """Four decimals for shares, four digits for large numbers."""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _is_number(cell: str) -> bool:
    return not cell or bool(re.match(r"[*(]*[-+]?\d", cell))
