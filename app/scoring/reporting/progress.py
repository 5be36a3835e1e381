"""Progress: how many rows are done, how fast, how long it may still take; and whether somebody wants it to end.

    terminal ─> one line that is written again     no terminal ─> a line now and then     quiet ─> nothing

It knows nothing about what is done.
"""

from time import monotonic
from typing import TextIO

BAR = 24  # letters
REDRAW_S, LINE_S = 0.2, 30.0
MINUTE_S, HOUR_S = 60, 3600


class Progress:
    """Rows that are done, of about so many in all."""

    def __init__(self, stream: TextIO, total_rows: int | None, done_rows: int = 0, *, quiet: bool = False) -> None:
        """`done_rows` are those that were done before."""
        self._stream, self._total, self._done, self._quiet = stream, total_rows, done_rows, quiet
        self._terminal = stream.isatty()
        self._began = monotonic()
        self._shown = self._began if not self._terminal else 0.0
        self._stop = False
        self.rows = 0

    def seen(self, rows: int) -> None:
        """Take rows that were scored."""
        self.rows += rows
        now = monotonic()
        if not self._quiet and now - self._shown >= (REDRAW_S if self._terminal else LINE_S):
            self._shown = now
            self._show(now - self._began)

    def stop(self) -> None:
        """Ask for an end after the parts under way."""
        self._stop = True

    def stopping(self) -> bool:
        """Say whether an end was asked for."""
        return self._stop

    def note(self, line: str) -> None:
        """Say something that people must know, quiet or not."""
        self.clear()
        print(line, file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the bar away."""
        if self._terminal and not self._quiet:
            print("\r\033[K", end="", file=self._stream, flush=True)

    @property
    def seconds(self) -> float:
        return monotonic() - self._began

    def _show(self, seconds: float) -> None:
        start, end = ("\r", "\033[K") if self._terminal else ("", "\n")
        print(
            start + line(self.rows, self._done, self._total, seconds, bar=self._terminal),
            end=end,
            file=self._stream,
            flush=True,
        )


def line(new_rows: int, done_rows: int, total: int | None, seconds: float, *, bar: bool) -> str:
    """Write how far it is: `[████    ]  50%  1,000 rows  500 rows/s  about 2 s left`."""
    pace, rows = new_rows / seconds if seconds else 0.0, done_rows + new_rows
    said = f"{rows:,} rows  {pace:,.0f} rows/s"
    if not total:
        return said
    share = min(1.0, rows / total)
    left = f"  about {duration((total - rows) / pace)} left" if pace and rows < total else ""
    drawn = f"[{'█' * round(share * BAR):{BAR}}] " if bar else ""
    return f"{drawn}{share:4.0%}  {said}{left}"


def duration(seconds: float) -> str:
    """Write seconds as people say them: 45 s, 3 min, 2.5 h."""
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE_S:.0f} min" if seconds < HOUR_S else f"{seconds / HOUR_S:.1f} h"
