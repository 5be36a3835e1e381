"""A load in a process of its own: what crashes or hangs there is a refusal here.

    ChildLoad(folder, …).verdict()    start `app.repository.child` ─> its verdict ─> Tried, or `ChildRefusal`
                        .end()        kill it, from any thread

The child gets its order on a pipe and answers on one; what it says is bounded, for a graph that took it over could say
anything. It inherits no descriptor and none of the service's settings. It knows no versions and no event loop.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from app.cgroup import ARENAS
from app.errors import BundleError
from app.repository.child import LOADING
from app.settings import Settings

ROOT = Path(__file__).parents[2]  # from where `app` is imported
VERDICT_MAX_BYTES = 65536


class ChildRefusal(BundleError):
    """Raised when a load in another process ended badly; `complete` says whether the version's files had arrived."""

    def __init__(self, message: str, *, complete: bool = True) -> None:
        super().__init__(message)
        self.complete = complete


@dataclass(frozen=True)
class Tried:
    """A version that was loaded in full elsewhere."""

    content_sha256: str
    threads: int  # of its runs


class _Verdict(msgspec.Struct, frozen=True):
    content_sha256: str = ""
    threads: int = 1
    refused: str = ""
    complete: bool = True


class ChildLoad:
    """One load; `room_bytes` is the memory that it may take beside what any such process needs, None for any."""

    def __init__(self, folder: Path, settings: Settings, room_bytes: int | None = None) -> None:
        self._folder = folder
        self._settings = settings
        self._room_bytes = room_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._lock = threading.Lock()  # between the thread that starts it and who ends it

    def verdict(self) -> Tried:
        """Load, and wait for the end of the process; raises `ChildRefusal` when it is not a good one."""
        with self._lock:
            if self._ended:
                raise ChildRefusal(f"{self._folder}: nobody waits for it any more.")
            self._process = process = _start()
        try:
            said = _exchange(process, self._order())
        finally:
            process.kill()
            code = process.wait()
        return self._judge(said, code)

    def end(self) -> None:
        """Kill it, if it runs; a second time changes nothing."""
        with self._lock:
            self._ended = True
            if self._process is not None and self._process.returncode is None:
                self._process.kill()

    def _order(self) -> bytes:
        order = {
            "folder": str(self._folder.absolute()),
            "settings": self._settings.model_dump(mode="json", include=set(LOADING)),
            "parent": os.getpid(),
            "room_bytes": self._room_bytes,
        }
        return json.dumps(order).encode() + b"\n"

    def _judge(self, said: bytes, code: int) -> Tried:
        try:
            found = msgspec.json.decode(said, type=_Verdict)
        except msgspec.DecodeError as error:
            raise ChildRefusal(f"{self._folder}: the process that loaded it first {_ending(code)}.") from error
        if found.refused or not found.content_sha256:
            raise ChildRefusal(found.refused, complete=found.complete)
        return Tried(found.content_sha256, found.threads)


def _start() -> "subprocess.Popen[bytes]":
    """Start the child; whatever the service read from the environment comes with the order."""
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("SLIPWAY_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [environment.get("PYTHONPATH")])])
    environment.setdefault("MALLOC_ARENA_MAX", str(ARENAS))
    options: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", "app.repository.child"], env=environment, bufsize=0, **options)


def _exchange(process: "subprocess.Popen[bytes]", order: bytes) -> bytes:
    """Give the order and take the verdict, until the child has closed its end or said too much."""
    assert process.stdin is not None
    assert process.stdout is not None
    said = b""
    with process.stdout, process.stdin, contextlib.suppress(BrokenPipeError):  # where it has ended already
        process.stdin.write(order)
        while len(said) < VERDICT_MAX_BYTES and (piece := process.stdout.read(VERDICT_MAX_BYTES)):
            said += piece
    return said


def _ending(code: int) -> str:
    """Say how a process ended that gave no verdict."""
    if code >= 0:
        return f"ended without a verdict, with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", as the kernel does where memory is short" if -code == signal.SIGKILL else ""
    return f"was ended by {name}{hint}"
