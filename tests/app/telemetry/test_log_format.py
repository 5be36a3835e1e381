"""The form of the log, and a reader that does not read."""

import contextlib
import http.client
import io
import json
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.printable import MESSAGE_MAX_CHARS
from app.telemetry import log_format as logs
from app.telemetry.log_format import PRIVATE, Json, Lines, Text, Writer
from tests.app.test_printable import is_safe
from tests.support import serving


def record(message: str, *args: Any, level: int = logging.INFO, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("slipway.x", level, "", 0, message, args, more.pop("exc_info", None))
    for name, value in more.items():
        setattr(made, name, value)
    return made


def raised(error: Exception) -> Any:
    try:
        raise error
    except Exception:
        return sys.exc_info()


def test_a_json_line_is_one_object_with_the_time_in_utc() -> None:
    made = record('two\nlines and "quotes" of %s', "ünï", fields={"status": 500})
    line = Json().format(made)
    assert "\n" not in line
    said = json.loads(line)
    assert said["message"] == 'two\nlines and "quotes" of ünï'
    assert (said["level"], said["logger"], said["status"], said["pid"]) == ("info", "slipway.x", 500, os.getpid())
    assert said["time"].endswith("Z")
    assert datetime.fromisoformat(said["time"]).timestamp() == pytest.approx(made.created, abs=1e-5)


def test_an_exception_is_told_with_its_trace() -> None:
    made = record("It failed.", exc_info=raised(ValueError("on purpose")))
    said = json.loads(Json().format(made))
    assert "ValueError: on purpose" in said["trace"]
    assert "test_log_format.py" in said["trace"]
    assert "ValueError: on purpose" in Text().format(made)


@pytest.mark.parametrize("form", [Json(), Text()])
def test_an_exception_that_may_quote_a_request_tells_only_its_type(form: logging.Formatter) -> None:
    """Nor do those that it came from."""
    try:
        try:
            raise KeyError("secret-1")
        except KeyError as error:
            raise ValueError("secret-2") from error
    except ValueError:
        made = record("It failed.", exc_info=sys.exc_info(), **PRIVATE)
    line = form.format(made)
    assert "ValueError" in line
    assert "test_log_format.py" in line
    assert "secret-" not in line.replace('raise ValueError("secret-2")', "").replace(
        'raise ValueError(\\"secret-2\\")', ""
    )


def test_text_is_a_line_for_people() -> None:
    fields = {"model": "m", "version": 3, "request_id": "abc", "duration_ms": 1.5, "error": "Wrong."}
    line = Text().format(record("POST /predict 400", level=logging.WARNING, fields=fields))
    assert line.endswith("WARNING slipway.x: POST /predict 400 m/3 request_id=abc duration_ms=1.5 Wrong.")
    assert "\x1b" not in line


def test_text_is_one_line_whatever_it_tells_of() -> None:
    """Names of a bundle reach it; the colours are its own."""
    fields = {"model": "m", "version": 1, "request_id": "a\nb", "error": "Wrong.\x1b[2J"}
    line = Text(colours=True).format(
        record("Not served: %s", "x\x1b]0;owned\x07\n\u202e\x9b", level=logging.ERROR, fields=fields)
    )
    inner = line.removeprefix("\x1b[31m").removesuffix("\x1b[0m")
    assert is_safe(inner)
    assert r"x\x1b]0;owned\x07\n\u202e\x9b" in inner
    assert len(Text().format(record("x" * 10**6))) <= MESSAGE_MAX_CHARS


def test_the_trace_in_a_text_log_forges_no_line() -> None:
    """Each of its lines is indented; whatever an exception quotes is escaped."""
    forged = "2026-01-01 00:00:00,000 INFO slipway.x: All is well"
    made = record("It failed.", exc_info=raised(ValueError(f"\x1b[2J\n{forged}\n\x9b")), stack_info=f"Stack\n{forged}")
    first, *others = Text().format(made).split("\n")
    assert first.endswith("It failed.")
    assert any(forged in line for line in others)
    assert all(line.startswith("    ") and is_safe(line) for line in others)


def test_colours_are_for_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Text(colours=True).format(record("x", level=logging.ERROR))
    assert line.startswith("\x1b[31m")
    assert line.endswith("\x1b[0m")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert logs._coloured()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not logs._coloured()


# ── the writer ──


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def lost(count: int) -> bytes:
    return b"lost %d\n" % count


def test_lines_are_written_in_order(pipe: tuple[int, int]) -> None:
    reads, writes = pipe
    writer = Writer(writes)
    for number in range(1000):
        writer.put(b"%d\n" % number, lost)
    writer.flush(serving.PATIENCE_S)
    assert os.read(reads, 65536).split() == [b"%d" % number for number in range(1000)]


@pytest.mark.parametrize("blocking", [True, False])
def test_what_nobody_reads_is_left_out_and_counted(blocking: bool, pipe: tuple[int, int]) -> None:
    """Whoever logs never waits, whichever way the descriptor was opened; whoever reads again learns what is missing."""
    reads, writes = pipe
    os.set_blocking(writes, blocking)
    writer = Writer(writes, max_bytes=10_000)
    line = b"x" * 99 + b"\n"
    count = 0
    while writer._written_bytes < 50_000 or writer._put_bytes - writer._written_bytes < 9_900 or writer._lost < 100:
        writer.put(line, lost)  # into a pipe of 64 KiB, until it is full and so is the queue
        count += 1
    writer.flush(0.01)  # gives up
    found = b""
    while b"\nend\n" not in found:
        found += os.read(reads, 65536)
        writer.put(b"end\n", lost)
    lines = found[: found.index(b"end\n")].splitlines()
    gaps = [int(each.split()[1]) for each in lines if each.startswith(b"lost ")]
    assert {each for each in lines if not each.startswith(b"lost ")} == {line.strip()}
    assert len(lines) - len(gaps) + sum(gaps) >= count
    writer.flush(serving.PATIENCE_S)


def test_a_reader_that_is_gone_stops_nobody() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    writer = Writer(writes)
    for _ in range(3):
        writer.put(b"line\n", lost)
        writer.flush(serving.PATIENCE_S)
    os.close(writes)


def test_what_cannot_be_formed_ends_nothing(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    lines = Lines(Writer(pipe[1]))
    lines.setFormatter(Json())
    lines.handle(record("%d", "no number"))
    lines.handle(record("fine"))
    lines.flush()
    assert b'"message":"fine"' in os.read(pipe[0], 65536)


# ── the process ──


def test_every_line_of_a_process_has_the_form(models: Path, tmp_path: Path) -> None:
    """Start, a refusal, a reload that is asked for, and the end; where no terminal reads, the form is JSON."""
    (tmp_path / "keys").write_text("short\n")
    with serving.process(models, tmp_path, "--log-level", "debug", "--api-keys-file", str(tmp_path / "keys")) as it:
        assert httpx.post(f"{it.address}/predict", json={}).status_code == 401
        it.stop()
        said = [json.loads(line) for line in it.complaints().splitlines()]
    assert {"slipway.guard", "slipway.requests", "uvicorn.error"} <= {line["logger"] for line in said}
    assert all({"time", "level", "logger", "message"} <= set(line) for line in said)


def test_text_can_be_asked_for(models: Path, tmp_path: Path) -> None:
    with serving.process(models, tmp_path, "--log-form", "text") as it:
        httpx.post(f"{it.address}/predict", json={}, headers={"x-request-id": "mine"})
        it.stop()
        lines = it.complaints().splitlines()
    assert any("POST /predict 400 tiny/1 request_id=mine" in line for line in lines)
    assert not any(line.startswith("{") for line in lines)


def test_on_a_terminal_the_form_is_text(models: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "app", "--models", str(models), "--port", "0"]
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, cwd=serving.ROOT, env=environment, text=True
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        address = next(line.split()[3] for line in process.stdout if "answers on" in line)
        httpx.post(f"{address}/predict", json={})
        said = b""
        while b"POST /predict 400" not in said:
            said += os.read(ours, 65536)
        process.terminate()
        process.wait(serving.PATIENCE_S)
    os.close(ours)
    assert b"\x1b[33m" in said


def test_workers_and_their_supervisor_log_alike(models: Path, tmp_path: Path) -> None:
    with serving.process(models, tmp_path, "--workers", "2") as it:
        it.wait_for(r"(?s)answers on.*answers on")
        children = Path(f"/proc/{it.popen.pid}/task/{it.popen.pid}/children").read_text().split()
        worker = next(int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(worker, 9)
        it.wait_for(r"(?s)answers on.*answers on.*answers on")
        it.stop()
        said = [json.loads(line) for line in it.complaints().splitlines()]
    assert "slipway.workers" in {line["logger"] for line in said}
    assert len({line["pid"] for line in said}) > 1


def test_a_reader_that_does_not_read_does_not_stop_the_service(models: Path, tmp_path: Path) -> None:
    """The pipe is full after a few hundred lines, the queue later; every answer is given, and the process ends."""
    command = [sys.executable, "-m", "app", "--models", str(models), "--port", "0", "--log-requests", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=serving.ROOT, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = next(line.split()[3] for line in process.stdout if "answers on" in line)
        example = json.dumps(httpx.get(f"{address}/models/tiny").json()["versions"][0]["example"])
        caller = http.client.HTTPConnection(address.removeprefix("http://"), timeout=serving.PATIENCE_S)
        with contextlib.closing(caller):  # thousands: httpx takes four times as long
            for _ in range(5000):
                caller.request("POST", "/predict", example, {"content-type": "application/json"})
                with caller.getresponse() as answer:
                    assert answer.status == 200
                    answer.read()
        process.terminate()
        assert process.wait(serving.PATIENCE_S) == 0  # and nobody has read
        said = process.stderr.read()
    assert len(said) < 2**17  # a pipe holds half of that


def test_warnings_are_lines_too(tmp_path: Path) -> None:
    script = (
        "import logging, warnings; from app.telemetry import log_format; log_format.configure('info', 'json'); "
        "warnings.warn('careful'); logging.getLogger('x').info('done')"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=serving.ROOT, capture_output=True, text=True, check=True)
    careful, done = [json.loads(line) for line in run.stderr.splitlines()]
    assert (careful["logger"], done["message"]) == ("py.warnings", "done")
    assert "careful" in careful["message"]
