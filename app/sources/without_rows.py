"""Files without rows among others: what writes a table in parts leaves some, and they add nothing.

    found ─┬─ not one byte, packed or not                  ─> left out
           ├─ columns and no row, named as those of others ─> left out           what is left out is a remark
           └─ rows                                         ─> opened

A file alone, and files of which none has rows, are refused as they are read. It knows no kind of file.
"""

from collections.abc import Callable, Sequence

from app.printable import listed
from app.sources.chunks import Table
from app.sources.errors import NoRows
from app.sources.files import File, Found
from app.sources.formats import opening
from app.sources.rules import Rules
from app.sources.several import check_names

Open = Callable[[File, Rules | None], Table]


def without_nothing(found: Found) -> Found:
    """Leave out the files without a byte, where others have some."""
    empty = [file for file in found.files if _is_nothing(file)]
    return _without(found, empty, "there is nothing in them") if len(empty) < len(found.files) else found


def with_rows(found: Found, open_table: Open, rules: Rules | None) -> tuple[Found, list[Table]]:
    """Open the files that have rows, by the rules of the first of them; leave out the others of the same columns."""
    tables: list[Table] = []
    bare: dict[File, NoRows] = {}
    for file in found.files:
        try:
            tables.append(open_table(file, tables[0].rules if tables else rules))
        except NoRows as error:
            bare[file] = error
    if not tables:
        raise next(iter(bare.values()))
    kept = _without(found, list(bare), "they have no rows")
    for file in bare:
        _check(file, open_table, kept.files[0], tables[0])
    return kept, tables


def _check(file: File, open_table: Open, first: File, table: Table) -> None:
    """Refuse a file of another table; it may have come before the first, whose rules say how its names are read."""
    try:
        open_table(file, table.rules)
    except NoRows as error:
        if error.names:
            check_names(file, error.names, first, table.names)


def _without(found: Found, files: Sequence[File], reason: str) -> Found:
    """Leave out files, and say so."""
    if not files:
        return found
    remark = f"left out, for {reason}: {listed(file.path.name for file in files)}"
    return found._replace(files=[file for file in found.files if file not in files], remarks=[*found.remarks, remark])


def _is_nothing(file: File) -> bool:
    """Say whether a file holds no byte; a zip archive is looked at where it is read."""
    with opening.explained(file.name, "a file that can be read"):
        if not file.path.stat().st_size:
            return True
        if not opening.is_packed(file.path) or opening.magic(file.path).startswith(opening.ZIP):
            return False
        with opening.opened(file.path) as (stream, _):
            return not stream.read(1)
