"""Every error that training raises on purpose, and the exit code a person sees.

    FileError (app.errors)
    └── TrainingError    1   the road ends here; the message says why
        ├── DataError    2   the file, a column or an option does not fit; the message says what would
        ├── ParityError  1   the exported graph disagrees with Keras; nothing is written
        └── Helped       0   not a fault: one of several workers is done, and the chief goes on alone

A message is: name, what was expected, what was received.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from app.errors import FileError
from app.sources.errors import SourceError


class TrainingError(FileError):
    """The root: training stops, and the person reads one message instead of a trace."""

    exit_code: ClassVar[int] = 1


class DataError(TrainingError):
    """Raised when the data file or an option does not fit, before anything is trained."""

    exit_code = 2


class ParityError(TrainingError):
    """Raised when ONNX Runtime and Keras give different answers for the same rows."""


class Helped(TrainingError):
    """Raised by a worker that is not the chief when the fit is over: there is nothing left for it to do."""

    exit_code = 0


@contextmanager
def told() -> Iterator[None]:
    """Turn what a reader of files raises into a DataError, with its words."""
    try:
        yield
    except SourceError as error:
        raise DataError(str(error)) from error
