"""Several files as one table: of one kind, with the same columns in any order, in types that hold all their cells.

It knows nothing about how files are read.
"""

from collections.abc import Sequence

import pyarrow as pa

from app.sources.chunks import Table
from app.sources.errors import SourceError
from app.sources.files import File

WRITTEN = ("jsonl", "excel")  # their cells have types, and what has several can be written as text
SHOWN_CHARS = 400


def check_kinds(files: Sequence[File], kinds: Sequence[str]) -> None:
    """Refuse files of several kinds, with a SourceError."""
    odd = next((number for number, kind in enumerate(kinds) if kind != kinds[0]), None)
    if odd is not None:
        raise SourceError(
            f"{files[odd].name}: expected files of one form, as {files[0].name} ({kinds[0]}). Received: {kinds[odd]}."
        )


def unite(files: Sequence[File], tables: Sequence[Table]) -> None:
    """Give all tables the types that hold the cells of each; refuse other columns with a SourceError."""
    if len(tables) == 1:
        return
    for file, table in zip(files, tables, strict=True):
        check_names(file, table.names, files[0], tables[0].names)
    united = {name: _united(name, files, tables) for name in tables[0].names}
    for table in tables:
        table.retype([united[name] for name in table.names])


def unite_with(file: File, table: Table, schema: pa.Schema) -> None:
    """Give a table the types that all files of its source were given; refuse other columns with a SourceError."""
    check_names(file, table.names, File(file.path, "the plan"), schema.names)
    table.retype([schema.field(name).type for name in table.names])


def check_names(file: File, names: Sequence[str], first: File, expected: Sequence[str]) -> None:
    """Refuse other columns than those of the first file, with a SourceError."""
    lacking = [name for name in expected if name not in names]
    beyond = [name for name in names if name not in expected]
    if lacking:
        shown = ", ".join(lacking)[:SHOWN_CHARS]
        raise SourceError(f"{file.name}: expected the columns of {first.name}. Received: none named {shown}.")
    if beyond:
        shown = ", ".join(beyond)[:SHOWN_CHARS]
        raise SourceError(f"{file.name}: expected the columns of {first.name} alone. Received: also {shown}.")


def _united(name: str, files: Sequence[File], tables: Sequence[Table]) -> pa.DataType:
    """Return a type that holds the cells of a column in all files."""
    found = tables[0].types[tables[0].names.index(name)]
    for file, table in zip(files, tables, strict=True):
        kind = table.types[table.names.index(name)]
        schemas = [pa.schema([pa.field("", each)]) for each in (found, kind)]
        try:
            found = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            if table.rules.format in WRITTEN:
                return pa.string()
            raise SourceError(
                f"{file.name}, `{name}`: expected {found}, as in {files[0].name}. Received: {kind}."
            ) from error
    return found
