"""A server and all its children: start, pin to a core, measure, freeze, stop.

A process belongs to a server if it descends from the one that was started, or carries its mark in the environment
(which survives a parent that leaves). Everything is read from /proc.
"""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
MARK = "BENCH_MARK"
STOP_S = 8.0  # to leave after SIGTERM


@dataclass(frozen=True)
class Stat:
    """What /proc/<pid>/stat says, as far as it is needed here."""

    parent: int
    cpu_ticks: int  # user and system, with those of children that were waited for
    started_ticks: int  # since boot; with the process id it names a process for ever

    @classmethod
    def parse(cls, text: str) -> "Stat":
        """Read a line; the name in parentheses may itself hold spaces and parentheses."""
        fields = text[text.rindex(")") + 2 :].split()  # from the third field on
        cpu_ticks = sum(int(value) for value in fields[11:15])
        return cls(parent=int(fields[1]), cpu_ticks=cpu_ticks, started_ticks=int(fields[19]))


def family(roots: Iterable[int], parents: Mapping[int, int]) -> set[int]:
    """Return `roots` and all that descend from them, given each process's parent."""
    members = set(roots)
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    queue = list(members)
    while queue:
        for child in children.get(queue.pop(), []):
            if child not in members:
                members.add(child)
                queue.append(child)
    return members


def busy_s(core: int) -> float:
    """Return the seconds that a core has worked: user, nice, system and stolen, but not the kernel's own interrupts."""
    line = next(line for line in (PROC / "stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    fields = [int(value) for value in line.split()[1:]]
    return (fields[0] + fields[1] + fields[2] + fields[7]) * TICK_S


class Server:
    """A started server; a context manager that ends every one of its processes."""

    def __init__(
        self, argv: list[str], *, folder: Path, log: Path, core: int | None, variables: Mapping[str, str]
    ) -> None:
        self._mark = uuid.uuid4().hex
        self._core = core
        self._frozen = False
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        pin = [] if core is None else ["taskset", "-c", str(core)]
        self.started = time.monotonic()
        with log.open("wb") as file:
            self._root = subprocess.Popen(
                [*pin, *argv],
                cwd=folder,
                env={**os.environ, **variables, MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the harness, which then ends its servers in order
            )

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._root.pid

    @property
    def alive(self) -> bool:
        return self._root.poll() is None

    def pids(self) -> set[int]:
        """Return every process of this server that is alive."""
        stats = {pid: stat for pid in _all_pids() if (stat := _stat(pid)) is not None}
        mark = f"{MARK}={self._mark}".encode()
        marked = {pid for pid in stats if mark in _read(pid, "environ")}
        roots = marked | ({self._root.pid} & stats.keys())
        return family(roots, {pid: stat.parent for pid, stat in stats.items()})

    def cpu_s(self) -> float:
        """Return the CPU seconds spent so far, user and system, of all processes and their ended children."""
        stats = [_stat(pid) for pid in self.pids()]
        return sum(stat.cpu_ticks for stat in stats if stat is not None) * TICK_S

    def rss_mb(self) -> float:
        """Return resident memory, summed over the processes (what they share counts for each)."""
        return sum(_kilobytes(pid, "status", b"VmRSS:") for pid in self.pids()) / 1024

    def pss_mb(self) -> float:
        """Return resident memory in which what is shared is divided among those who share it."""
        return sum(_kilobytes(pid, "smaps_rollup", b"Pss:") for pid in self.pids()) / 1024

    def descriptors(self) -> int:
        return sum(_entries(pid, "fd") for pid in self.pids())

    def threads(self) -> int:
        return sum(_entries(pid, "task") for pid in self.pids())

    def pin(self) -> None:
        """Pin every thread of every process: some set their own affinity after the start."""
        if self._core is None:
            return
        for pid in self.pids():
            for task in _list(pid, "task"):
                with suppress(OSError):
                    os.sched_setaffinity(int(task), {self._core})

    def freeze(self) -> None:
        """Stop it from using the core while others have their turn."""
        self._frozen = True
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._frozen = False
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End every process: ask the first, give it time, then insist on all that are left."""
        known = {pid: stat.started_ticks for pid in self.pids() if (stat := _stat(pid)) is not None}
        if self._frozen:
            self.thaw()
        if self.alive:
            self._root.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._root.wait(STOP_S)
        known |= {pid: stat.started_ticks for pid in self.pids() if (stat := _stat(pid)) is not None}
        for pid, started_ticks in known.items():
            if _runs_since(pid, started_ticks):
                _kill(pid, signal.SIGKILL)
        self._root.wait()
        deadline = time.monotonic() + STOP_S
        while any(_runs_since(*one) for one in known.items()) and time.monotonic() < deadline:
            time.sleep(0.005)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.pids():
            _kill(pid, number)

    def tail(self, lines: int = 3) -> str:
        """Return the end of its log, for a message."""
        text = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(line.strip() for line in text[-lines:])


def _kill(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def runs(pid: int) -> bool:
    """Say whether a process is alive; one that only waits to be reaped is not."""
    return _stat(pid) is not None


def _runs_since(pid: int, started_ticks: int) -> bool:
    stat = _stat(pid)
    return stat is not None and stat.started_ticks == started_ticks


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> Stat | None:
    text = _read(pid, "stat")
    if not text:
        return None
    stat = Stat.parse(text.decode(errors="replace"))
    return None if b") Z " in text else stat


def _read(pid: int, name: str) -> bytes:
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def _kilobytes(pid: int, name: str, key: bytes) -> int:
    for line in _read(pid, name).splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0


def _list(pid: int, name: str) -> list[str]:
    try:
        return [entry.name for entry in (PROC / str(pid) / name).iterdir()]
    except OSError:
        return []


def _entries(pid: int, name: str) -> int:
    return len(_list(pid, name))
