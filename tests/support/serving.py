"""The service as a test meets it: an application in this process, or `python -m app` behind a real socket."""

import asyncio
import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from app.main import Slipway, create_app
from app.settings import Settings

ROOT = Path(__file__).parents[2]
PATIENCE_S = 180  # until what should come counts as hung, on a machine that is slow and busy; no test waits this long

TIMEOUT_MS = PATIENCE_S * 1000  # of a request, unless a test says what it wants: ten seconds are few here

OPERATOR = {"x-api-key": "an-operators-key-of-enough-length"}  # the header that opens /admin


def operators(folder: Path) -> Path:
    """Write a file of keys with the one of `OPERATOR`."""
    path = folder / "operators"
    path.write_text(f"night-shift:{OPERATOR['x-api-key']}\n")
    return path


def app_of(models: Path, **settings: Any) -> Slipway:
    """Make the application that serves the bundles below `models`; further ones are loaded in this process alone."""
    return create_app(Settings(models=models, **{"timeout_ms": TIMEOUT_MS, "load_in_child": False, **settings}))


@contextlib.asynccontextmanager
async def running(app: Slipway) -> AsyncIterator[httpx.AsyncClient]:
    """Run the lifespan, wait until every model is loaded or refused, and give a client of the application."""
    async with app.router.lifespan_context(app):
        await app.state.registry.finished.wait()
        async with client_of(app) as client:
            yield client


def client_of(app: Slipway) -> httpx.AsyncClient:
    """Make a client that reaches `app` without a socket; a crash is a 500, as on a real one."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://slipway")


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until `condition` holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  (what is waited for tells nobody when it comes)
            await asyncio.sleep(0.001)  # and let the threads have their turns


async def answered(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until the answer is right: a busy machine may be too late once for a deadline that a test made short."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(AssertionError):
                return await ask()


class Process:
    """`python -m app` on a free port; `said` holds what it printed, `complaints()` what it logged."""

    def __init__(
        self, models: Path, folder: Path, *options: str, program: Sequence[str] = ("app",), **environment: str
    ) -> None:
        self._errors = folder / f"stderr-{time.monotonic_ns()}.log"
        command = [sys.executable, "-m", *program, "--models", str(models), "--port", "0", *options]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("SLIPWAY_", "ORT_"))}
        self._stderr = self._errors.open("wb")
        self.popen = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=ROOT,
            env=clean | {"SLIPWAY_TIMEOUT_MS": str(TIMEOUT_MS)} | environment,
        )
        self.said = ""

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(PATIENCE_S)
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        self._stderr.close()

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """Read what the process prints until `pattern` is in it."""
        assert self.popen.stdout is not None
        descriptor, deadline = self.popen.stdout.fileno(), time.monotonic() + PATIENCE_S
        while (found := re.search(pattern, self.said)) is None:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(descriptor, 65536) if ready else b""
            assert piece, f"expected {pattern!r}. Received: {self.said!r}; {self.complaints()}"
            self.said += piece.decode()
        return found

    @property
    def address(self) -> str:
        """Where it answers, once every model is loaded or refused."""
        return self.wait_for(r"answers on (http://\S+) ")[1]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def loop_s(self) -> float:
        """CPU seconds of the thread with the event loop: what it did meanwhile, however busy the machine is."""
        pid = self.popen.pid
        fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user and system

    def complaints(self) -> str:
        return self._errors.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(PATIENCE_S)


@contextlib.contextmanager
def process(models: Path, folder: Path, *options: str, **environment: str) -> Iterator[Process]:
    """Start a process and wait until it answers."""
    with Process(models, folder, *options, **environment) as started:
        assert started.address
        yield started


@contextlib.contextmanager
def client_of_process(models: Path, folder: Path, *options: str) -> Iterator[httpx.Client]:
    """Start a process and give a client of it, through a real socket."""
    with process(models, folder, *options) as started, httpx.Client(base_url=started.address) as client:
        yield client
