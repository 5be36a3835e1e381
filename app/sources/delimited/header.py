"""Header: which of the first rows names the columns, and which are none of the table.

    rows ─ comments, titles, blanks (skipped, said) ─ header ─ units under it (skipped, said) ─> Head: names, place

It knows nothing about delimiters and quotes.
"""

import re
from collections.abc import Sequence

import msgspec

from app.sources.chunks import SHOWN_CHARS
from app.sources.delimited.cells import LINE_BREAK, Row
from app.sources.errors import SourceError
from app.sources.formats import names as column_names
from app.sources.words import MISSING

COMMENT = ("#", "//", "%", "--", "!")
MOST_BEFORE = 100  # rows before a header
NUMBER = re.compile(r"[-+(]?[$€£¥]? ?[-+]?(\d[\d.,' ]*|\.\d+)(e[-+]?\d+)?\)? ?[%€$]?|[-+]?(inf|nan)", re.IGNORECASE)
DATED = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The names, and where the rows of data begin."""

    names: list[str]
    unnamed: list[str]  # made-up ones among them
    end: int  # place behind header and units
    remarks: list[str]


def find(name: str, rows: Sequence[Row], width: int, before: int) -> Head:
    """Return the header; `before`: lines left out already. Raise a SourceError where the rows are no table."""
    place = _place(rows, width)
    body = [row.cells for row in rows[place + 1 :]]
    names, said = _names(rows[place].cells, body, width)
    column_names.check(name, names)
    _check_width(name, rows, place, before)
    names, unnamed = column_names.filled(names)
    remarks = [*_said_before(rows, place, before), *said]
    last = rows[place]
    if _is_units(body):
        last = rows[place + 1]
        remarks.append(f"line {last.line + before} stands between names and numbers and is left out: {_shown(last)}")
    return Head(names=names, unnamed=unnamed, end=last.end, remarks=remarks)


def lines_in(text: str) -> int:
    """Return the number of line breaks."""
    return len(LINE_BREAK.findall(text))


def is_number(cell: str) -> bool:
    """Say whether a cell looks like a number or a date in any notation."""
    text = cell.strip()
    return NUMBER.fullmatch(text) is not None or DATED.fullmatch(text) is not None


def trimmed(cells: Sequence[str]) -> int:
    """Return the number of cells without the empty ones at the end."""
    return next((place for place in range(len(cells), 0, -1) if cells[place - 1].strip()), 0)


def _place(rows: Sequence[Row], width: int) -> int:
    """Return which row is the header: the first, or one behind comments, titles and blank rows."""
    first = _comments(rows)
    if first and len(rows[first - 1].cells) == width > 1 and not _names_numbers(rows, first):
        return first - 1  # `#id,name`: a header that begins with the mark
    filled = max((trimmed(row.cells) for row in rows[-20:] if len(row.cells) == width), default=width)
    fitting = [
        place
        for place in range(first, min(len(rows), MOST_BEFORE))
        if trimmed(rows[place].cells) > 1 and (trimmed(rows[place].cells) == filled or len(rows[place].cells) == width)
    ]
    if width == 1 or not fitting or fitting[0] == first:
        return first
    place = fitting[0]
    titles = all(_is_title(row.cells) for row in rows[first:place])
    certain = _looks_like_names(rows[place].cells) and (titles or _names_numbers(rows, place))
    return place if certain else first


def _comments(rows: Sequence[Row]) -> int:
    for place, row in enumerate(rows):
        if not row.cells[0].lstrip().startswith(COMMENT):
            return place
    return 0


def _is_title(cells: Sequence[str]) -> bool:
    return sum(bool(cell.strip()) for cell in cells) <= 1


def _looks_like_names(cells: Sequence[str]) -> bool:
    """Say whether all cells hold different words, none of them a number."""
    filled = [cell.strip() for cell in cells[: trimmed(cells)]]
    return all(filled) and len(set(filled)) == len(filled) and not any(is_number(cell) for cell in filled)


def _names_numbers(rows: Sequence[Row], place: int) -> bool:
    """Say whether a row holds words alone above a column of numbers."""
    if place >= len(rows) or not _looks_like_names(rows[place].cells):
        return False
    below = [row.cells for row in rows[place + 1 :]]
    return any(_are_numbers(below, column) for column in range(len(rows[place].cells)))


def _known(body: Sequence[Sequence[str]], column: int) -> list[str]:
    cells = [cells[column].strip() for cells in body if column < len(cells)]
    return [cell for cell in cells if cell not in MISSING]


def _are_numbers(body: Sequence[Sequence[str]], column: int) -> bool:
    known = _known(body, column)
    return len(known) > 1 and all(is_number(cell) for cell in known)


def _names(cells: Sequence[str], body: Sequence[Sequence[str]], width: int) -> tuple[list[str], list[str]]:
    """Return stripped names, one a column of the data, and what was done to them."""
    stripped = [LINE_BREAK.sub(" ", cell.strip()) for cell in cells]
    names = stripped[: max(width, trimmed(stripped))]
    said = []
    if any(LINE_BREAK.search(cell.strip()) for cell in cells):
        said.append("line breaks within names are read as blanks")
    if len(names) < width and not any(cell.strip() for row in body for cell in row[len(names) :]):
        cells = "the empty last cell is" if width - len(names) == 1 else "the empty last cells are"
        said.append(f"lines end in a delimiter: {cells} left out")
        names += [""] * (width - len(names))
    return names, said


def _check_width(file: str, rows: Sequence[Row], place: int, before: int) -> None:
    """Refuse a table of which no row has the cells that the header names."""
    head = trimmed(rows[place].cells) or len(rows[place].cells)
    body = rows[place + 1 :]
    odd = [
        row
        for row in body
        if not (
            len(row.cells) == len(rows[place].cells)
            or head == len(row.cells)
            or trimmed(row.cells) <= head <= len(row.cells)
        )
    ]
    if odd and len(odd) == len(body):
        more = f", and {len(odd) - 1:,} more such lines" if len(odd) > 1 else ""
        width = "1 cell" if head == 1 else f"{head:,} cells"
        which = f"line {rows[place].line + before}" if place or before else "the first"
        raise SourceError(
            f"{file}: expected {width} in each line, as in {which}. Received: {len(odd[0].cells)} in line "
            f"{odd[0].line + before}{more}. A cell that holds the delimiter must stand in quotes; "
            "each column needs a name; lines before the header must go."
        )


def _said_before(rows: Sequence[Row], place: int, before: int) -> list[str]:
    if not place:
        return []
    first, last = rows[0].line + before, rows[place].line + before - 1
    which = f"line {first} stands" if first == last else f"lines {first} to {last} stand"
    return [f"{which} before the names and {'is' if first == last else 'are'} left out: {_shown(rows[0])}"]


def _shown(row: Row) -> str:
    return repr(",".join(row.cells)[:SHOWN_CHARS])


def _is_units(body: Sequence[Sequence[str]]) -> bool:
    """Say whether the first row holds units: words above two or more columns of numbers, and none that occurs below."""
    if len(body) < 4:
        return False
    first, below = body[0], body[1:]
    numbers = [column for column in range(len(first)) if _are_numbers(below, column)]
    over = [first[column].strip() for column in numbers]
    others = [column for column in range(len(first)) if column not in numbers]
    words = sum(bool(cell) and cell not in MISSING and not is_number(cell) for cell in over)
    if words < 2 or any(is_number(cell) for cell in over):
        return False
    return not any(first[column].strip() and first[column].strip() in _known(below, column) for column in others)
