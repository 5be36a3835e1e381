"""Markdown: numbers, tables, and what comes from the data, as the card has them."""

import re
from collections.abc import Iterable, Sequence

CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
MARKS = re.compile(r"[\\`*<>\[\]&~$]|(?<![^\W_])_|_(?![^\W_])")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table; columns of numbers are aligned to the right."""
    cells = [list(row) for row in rows]
    sides = ["---:" if all(map(_is_number, column)) else "---" for column in zip(*cells, strict=True)]
    lines = [head, sides or ["---"] * len(head), *cells]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def plain(text: str) -> str:
    """Write text that is no Markdown, such as a column's name, so that it is read as it is, on one line.

    A bar is left to `table`, which alone must escape it; an underscore inside a word marks nothing.
    """
    return _escaped(" ".join(text.split()))


def prose(text: str) -> str:
    """Write sentences as they are read, but for the code spans in them."""
    last, said = 0, []
    for span in CODE.finditer(text):
        said += [_escaped(text[last : span.start()]), span[0]]
        last = span.end()
    return " ".join("".join([*said, _escaped(text[last:])]).split())


def code(text: str) -> str:
    """Write text as a code span, on one line, whatever backticks are in it."""
    line = " ".join(text.split())
    fence = _fence(line, 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def code_block(text: str) -> str:
    """Write text as lines of code."""
    fence = _fence(text, 3)
    return f"{fence}\n{text}\n{fence}"


def number(value: float) -> str:
    """Four decimals for shares, four digits for large numbers."""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _escaped(text: str) -> str:
    return MARKS.sub(r"\\\g<0>", text)


def _fence(text: str, least: int) -> str:
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])


def _is_number(cell: str) -> bool:
    return not cell or bool(re.match(r"[*(]*[-+]?\d", cell))
