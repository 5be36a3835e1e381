"""The errors of scoring, and the exit code that each gives the command.

ScoringError
├── Failed        1   something outside went wrong under way: what is done stays, the same command goes on
├── Refused       2   it cannot be done like this, and trying again is no use
└── Unfinished    1   not every stretch is done
"""

from typing import ClassVar

from app.errors import FileError

DONE, FAILED, REFUSED, TOO_MANY, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143


class ScoringError(FileError):
    """The root; its message names what was expected and what was received."""

    exit_code: ClassVar[int] = FAILED


class Failed(ScoringError):
    """Raised where something outside goes wrong: a disk that is full, a part that cannot be written."""


class Refused(ScoringError):
    """Raised where the work cannot be done as it was asked for: another plan, an input that changed."""

    exit_code = REFUSED


class Unfinished(ScoringError):
    """Raised where a report is wanted and parts are missing."""
