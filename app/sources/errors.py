"""The error of a file that is no table, or not the table that was expected."""

from app.errors import FileError


class SourceError(FileError):
    """Raised for a file that cannot be read; the message names it, what was expected, what was received, what to do."""
