"""The errors of a file that is no table, or not the table that was expected.

SourceError
└── NoRows    a table with columns and nothing below them
"""

from collections.abc import Sequence

from app.errors import FileError


class SourceError(FileError):
    """Raised for a file that cannot be read; the message names it, what was expected, what was received, what to do."""


class NoRows(SourceError):
    """Raised for a table without rows: by itself it is refused, and among others it adds nothing."""

    def __init__(self, file: str, names: Sequence[str]) -> None:
        super().__init__(f"{file}: expected rows. Received: 0 rows of {len(names)} columns.")
        self.names = tuple(names)
