"""Progress: a bar on a terminal, lines elsewhere, nothing where it is quiet; rows a second and the time left."""

import io
from typing import Any

import pytest

from app.scoring.reporting import progress
from app.scoring.reporting.progress import LINE_S, Progress, duration, line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(progress, "monotonic", found)
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((500, 0, 1000, 1.0), " 50%  500 rows  500 rows/s  about 1 s left"),
        ((100_000, 0, 10_000_000, 10.0), "  1%  100,000 rows  10,000 rows/s  about 16 min left"),
        ((1000, 0, 100_000_000, 1.0), "  0%  1,000 rows  1,000 rows/s  about 27.8 h left"),
        ((200, 600, 1000, 2.0), " 80%  800 rows  100 rows/s  about 2 s left"),  # what was done before has no pace
        ((0, 600, 1000, 2.0), " 60%  600 rows  0 rows/s"),
        ((1000, 0, 1000, 4.0), "100%  1,000 rows  250 rows/s"),
        ((1100, 0, 1000, 1.0), "100%  1,100 rows  1,100 rows/s"),  # of a text it is a guess how many there are
        ((1100, 0, None, 2.0), "1,100 rows  550 rows/s"),
    ],
)
def test_a_line_says_rows_pace_and_time_left(given: tuple[Any, ...], expected: str) -> None:
    assert line(*given, bar=False) == expected


def test_a_bar_is_as_full_as_the_work_is_done() -> None:
    assert line(500, 0, 1000, 1.0, bar=True) == f"[{'█' * 12}{' ' * 12}]  50%  500 rows  500 rows/s  about 1 s left"
    assert line(1000, 0, 1000, 1.0, bar=True).startswith(f"[{'█' * 24}] 100%")


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599, "60 min"), (9000, "2.5 h")]
)
def test_a_duration_is_said_as_people_say_it(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_a_terminal_has_one_line_that_is_written_again_and_taken_away(clock: Clock) -> None:
    stream = Terminal()
    shown = Progress(stream, total_rows=400, done_rows=100)
    clock.now_s += 1.0
    shown.seen(100)
    shown.seen(50)  # at once: not drawn
    clock.now_s += 1.0
    shown.seen(50)
    shown.note("a note")
    first, second, rest = (stream.getvalue().split("\033[K"))[:3]
    assert first == f"\r[{'█' * 12}{' ' * 12}]  50%  200 rows  100 rows/s  about 2 s left"
    assert second == f"\r[{'█' * 18}{' ' * 6}]  75%  300 rows  100 rows/s  about 1 s left"
    assert rest == "\r"
    assert stream.getvalue().endswith("\r\033[Ka note\n")


def test_elsewhere_a_line_comes_now_and_then(clock: Clock) -> None:
    stream = io.StringIO()
    shown = Progress(stream, total_rows=6000)
    clock.now_s += LINE_S / 2
    shown.seen(1000)
    assert stream.getvalue() == ""
    clock.now_s += LINE_S / 2
    shown.seen(2000)
    assert stream.getvalue() == " 50%  3,000 rows  100 rows/s  about 30 s left\n"


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_quiet_is_quiet_but_for_notes(clock: Clock, stream: io.StringIO) -> None:
    shown = Progress(stream, total_rows=10, quiet=True)
    clock.now_s += 2 * LINE_S
    shown.seen(10)
    shown.clear()
    assert stream.getvalue() == ""
    shown.note("a note")
    assert stream.getvalue() == "a note\n"
