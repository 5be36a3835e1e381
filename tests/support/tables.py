"""Tables of the pages: what stands between two marks, its rows, and rows made into one.

<!-- NAME: begin … -->
| a | b |
<!-- NAME: end -->
"""

from collections.abc import Sequence


def between(page: str, name: str) -> str:
    """Return what stands between the marks of that name."""
    start, end = _place(page, name)
    return page[start:end]


def put_between(page: str, name: str, text: str) -> str:
    """Return the page with another text between these marks."""
    start, end = _place(page, name)
    return f"{page[:start]}{text}\n{page[end:]}"


def _place(page: str, name: str) -> tuple[int, int]:
    start = page.index("\n", page.index(f"<!-- {name}: begin")) + 1
    return start, page.index(f"<!-- {name}: end", start)


def rows_of(text: str) -> list[tuple[str, ...]]:
    """Return the cells of each row of a table but its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines[2:]]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
