"""The process's log: one form for every line, whoever writes it, and a reader that does not read stops nobody.

    every logger ─> Lines ─> a form (`Json` or `Text`) ─> Writer, a thread ─> stderr

The event loop only puts lines into a queue. A pipe that nobody empties blocks the thread and nothing else.
"""

import contextlib
import datetime
import logging
import os
import queue
import select
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from app.printable import bounded

WAITING_MAX_BYTES = 2**20  # that wait to be written; the next lines are left out
FLUSH_S = 1.0  # that the last lines may take at the end
WRITE_MAX_BYTES = 65536  # that are written at once

Form = Literal["auto", "json", "text"]
PRIVATE = {"private": True}  # `extra` of a record whose exception may quote a request: its text is not written


def configure(level: str, form: Form) -> None:
    """Let every logger of the process, and the warnings, write to stderr in one form."""
    # What the standard library would ask of each record, and no form shows.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.captureWarnings(capture=True)
    terminal = sys.stderr.isatty()
    text = form == "text" or (form == "auto" and terminal)
    lines = Lines(Writer(sys.stderr.fileno()))
    lines.setFormatter(Text(colours=terminal and _coloured()) if text else Json())
    logging.basicConfig(level=level.upper(), handlers=[lines], force=True)


def _coloured() -> bool:
    """See https://no-color.org."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Json(logging.Formatter):
    """A JSON object: what is logged, and when, in UTC as of RFC 3339."""

    def __init__(self) -> None:
        super().__init__()
        self._pid = os.getpid()

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": self._pid,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = _trace(record)
        if record.stack_info:
            line["stack"] = record.stack_info
        return msgspec.json.encode(line).decode()


class Text(logging.Formatter):
    """A line for people; the fields of a request follow in the order in which one asks for them.

    What it tells of may be a stranger's: it is escaped, and further lines (a trace) are indented: none is forged.
    """

    COLOURS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "31;1", "DEBUG": "2"}  # noqa: RUF012
    SHOWN = ("request_id", "who", "rows", "duration_ms", "decode_ms", "queue_ms", "run_ms", "encode_ms", "left_out")

    def __init__(self, *, colours: bool = False) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._colours = colours

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the standard library's name)
        line = super().formatMessage(record)
        fields: dict[str, Any] = getattr(record, "fields", {})
        if fields:
            model = [f"{fields['model']}/{fields['version']}"] if "model" in fields else []
            shown = [f"{name}={fields[name]}" for name in self.SHOWN if name in fields]
            error = [str(fields["error"])] if "error" in fields else []
            line = " ".join([line, *model, *shown, *error])
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = _indented(_trace(record))  # `format` puts it behind the line
        line = bounded(line)
        colour = self.COLOURS.get(record.levelname)
        return f"\x1b[{colour}m{line}\x1b[0m" if self._colours and colour else line

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  (the standard library's name)
        return _indented(stack_info)


def _indented(text: str) -> str:
    return "\n".join([f"    {bounded(line)}" for line in text.rstrip("\n").split("\n")])


def _trace(record: logging.LogRecord) -> str:
    """Return where an exception comes from; if it may quote a request, only its type is told of itself."""
    assert record.exc_info is not None
    kind, error, frames = record.exc_info
    if not getattr(record, "private", False):
        return "".join(traceback.format_exception(kind, error, frames))
    name = "" if kind is None else kind.__qualname__
    return "".join(["Traceback (most recent call last):\n", *traceback.format_tb(frames), name, "\n"])


class Lines(logging.Handler):
    """Gives each record in its form to a writer."""

    def __init__(self, writer: "Writer") -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._writer.put((self.format(record) + "\n").encode("utf-8", "backslashreplace"), self._lost)
        except Exception:  # as every handler: what cannot be logged must not end what it tells of
            self.handleError(record)

    def flush(self) -> None:
        """Wait a while until what was put is written; at the end of the process, `logging` calls it."""
        self._writer.flush(FLUSH_S)

    def _lost(self, count: int) -> bytes:
        text = "%d lines were left out here: whoever reads this log was too slow."
        record = logging.LogRecord("slipway.logs", logging.WARNING, "", 0, text, (count,), None)
        return (self.format(record) + "\n").encode()


class Writer:
    """A thread that writes to a descriptor, blocking or not; `put` never waits, and leaves out what is over a bound."""

    def __init__(self, descriptor: int, max_bytes: int = WAITING_MAX_BYTES) -> None:
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._queue: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()
        self._put_bytes = 0  # written by whoever holds the handler's lock
        self._written_bytes = 0  # written by the thread alone
        self._lost = 0
        threading.Thread(target=self._write_all, name="log", daemon=True).start()

    def put(self, line: bytes, lost: Callable[[int], bytes]) -> None:
        """Queue a line, or leave it out; `lost` makes a line of how many were before this one."""
        if self._put_bytes - self._written_bytes + len(line) > self._max_bytes:
            self._lost += 1
            return
        if self._lost:
            line, self._lost = lost(self._lost) + line, 0
        self._put_bytes += len(line)
        self._queue.put(line)

    def flush(self, timeout_s: float) -> None:
        """Wait until everything that was put is written, but not longer than `timeout_s`."""
        done = threading.Event()
        self._queue.put(done)
        done.wait(timeout_s)

    def _write_all(self) -> None:
        while True:
            lines, flushed = self._take()
            with contextlib.suppress(OSError):  # nobody is there to be told
                self._write(lines)
            self._written_bytes += len(lines)
            if flushed is not None:
                flushed.set()

    def _take(self) -> tuple[bytes, threading.Event | None]:
        """Wait for a line, and take what waits behind it, up to somebody who wants to know."""
        lines: list[bytes] = []
        size = 0
        item = self._queue.get()
        while not isinstance(item, threading.Event):
            lines.append(item)
            size += len(item)
            if size >= WRITE_MAX_BYTES:
                return b"".join(lines), None
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return b"".join(lines), None
        return b"".join(lines), item

    def _write(self, line: bytes) -> None:
        view = memoryview(line)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
