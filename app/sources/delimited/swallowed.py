"""Swallowed lines: cells in quotes that hold so many delimiters and line breaks that they may be rows.

A quote that opens by chance and closes by chance, one column of another line, leaves a row of the right width: only the
cell between shows it, for each line break in it comes with all the delimiters of a row.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.compute as pc

LINE_BREAK = r"\r\n|\n|\r"


class Swallowed:
    """The rows of one reading with a cell as wide as the table."""

    def __init__(self, delimiter: str, width: int) -> None:
        self._delimiter, self._width = delimiter, width
        self._rows = self._first = 0

    def remarks(self, line_of: Callable[[int], int]) -> list[str]:
        """Say how many there are; `line_of` finds the line of a row."""
        if not self._rows:
            return []
        which = "a row holds" if self._rows == 1 else f"{self._rows:,} rows hold"
        where = f"first in line {line_of(self._first):,}"
        return [f"{which} whole lines in quotes, {where}: if quotes are letters as any other here, say --no-quotes"]

    def look(self, columns: Any, first_row: int) -> None:
        """Look at raw cells; `first_row`: the number of the first among all good rows."""
        if self._width < 3:  # any two words with a comma between them are as wide
            return
        found: set[int] = set()
        for column in columns.columns:
            if _holds_breaks(column):
                found.update(self._places(column))
        if found:
            self._first = self._first or first_row + min(found)
            self._rows += len(found)

    def _places(self, column: Any) -> list[int]:
        breaks = pc.count_substring_regex(column, LINE_BREAK)
        delimiters = pc.count_substring(column, self._delimiter)
        whole = pc.equal(delimiters, pc.multiply(breaks, self._width - 1))
        places: list[int] = pc.indices_nonzero(pc.and_(pc.greater(breaks, 0), whole)).to_pylist()
        return places


def _holds_breaks(column: Any) -> bool:
    """Say whether the letters of a column hold a line break; quicker than to ask each cell."""
    if (data := column.buffers()[2]) is None:
        return False
    letters = np.frombuffer(data, np.uint8)
    return bool((letters == ord("\n")).any() or (letters == ord("\r")).any())
