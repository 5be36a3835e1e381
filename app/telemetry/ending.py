"""What libraries say of calls that the end of the process cuts off: counted, and told in one line.

    a signal ─> begin() ─> their lines are counted and left out ─ … ─> the end ─> tell() ─> one line, if there were any

uvicorn, asyncio and gRPC tell of each such call by a trace, as of a bug. Whatever else they say, and whatever the
service says itself, is written as ever. It knows no transport.
"""

import asyncio
import logging
import sys
from typing import Any

log = logging.getLogger("slipway.server")

LIBRARIES = ("uvicorn", "asyncio", "grpc")
# Their words for it, where there is no exception that says it.
CANCELLED = "Cancel %s running task(s)"
WORDS = (CANCELLED, "Task was destroyed but it is pending", "Task exception was never retrieved")
CUT_OFF = (asyncio.CancelledError, ConnectionError, GeneratorExit)


class Ending(logging.Filter):
    """Leaves out of every handler what tells of calls that were cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.cut_off = 0
        self._counted: logging.LogRecord | None = None  # several handlers ask about the same one

    def begin(self) -> None:
        """From now on the process ends."""
        for handler in logging.getLogger().handlers:
            handler.addFilter(self)
        sys.unraisablehook = self._unraisable

    def filter(self, record: logging.LogRecord) -> bool:
        """Count a line of a library about a call that was cut off; every other is written."""
        if not self._tells(record):
            return True
        if record is self._counted:
            return False
        self._counted = record
        if str(record.msg).startswith(CANCELLED) and isinstance(record.args, tuple):
            self.cut_off += int(str(record.args[0]))  # uvicorn's own number of what it is about to tell one by one
        elif not record.name.startswith("uvicorn"):
            self.cut_off += 1
        return False

    def tell(self) -> None:
        """Say how many there were."""
        if self.cut_off:
            log.warning("The end cut off %d calls that were under way.", self.cut_off)
            self.cut_off = 0

    def _tells(self, record: logging.LogRecord) -> bool:
        library = record.name.partition(".")[0]
        if library not in LIBRARIES:
            return False
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, CUT_OFF):
            return library == "grpc"  # it tells by errors of its own kinds, of calls that it ended itself
        return error is not None or library == "grpc" or str(record.msg).startswith(WORDS)

    def _unraisable(self, args: Any) -> None:
        """Take an exception that nobody can catch, such as that of a generator which is thrown away."""
        if isinstance(args.exc_value, (*CUT_OFF, RuntimeError)):
            self.cut_off += 1
        else:
            log.error("An exception could not be raised.", exc_info=args.exc_value)
