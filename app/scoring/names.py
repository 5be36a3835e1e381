"""Names: of columns, as people list them.

id,day ─> id, day      "a,b",id ─> a,b and id      all ─> all columns of the file
"""

import csv
from collections.abc import Sequence

from app.printable import listed
from app.scoring.errors import Refused

ALL = "all"


def kept(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns to keep, each once; raises `Refused` for one that the table does not have."""
    wanted = _divided(text)
    if wanted == [ALL] and ALL not in names:
        return tuple(names)
    if unknown := [name for name in wanted if name not in names]:
        expected = f"columns of the table, {listed(names)}"
        raise Refused(f"`--keep`: expected {expected}. Received: {listed(unknown)}.")
    return tuple(wanted)


def _divided(text: str) -> list[str]:
    """Read names with commas between them; quotes hold those that contain one."""
    rows = csv.reader(text.splitlines(keepends=True), skipinitialspace=True)
    return list(dict.fromkeys(name for row in rows for name in row if name))
