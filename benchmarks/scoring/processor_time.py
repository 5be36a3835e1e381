"""The processors' time of all that this process starts, however deep, those that are gone included.

with Watch() as watch ─ every 50 ms: /proc/*/stat ─> (process, its start) ─> ticks ─> watch.cpu_s()

Sums of children that are gone do not do: Ray's raylet ignores its children, so what its workers took is added to
nobody. Of a process that ends, at most the last 50 ms are lost. It knows nothing about what the processes do.
"""

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

LOOK_S = 0.05
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """What the kernel says of one."""

    number: int
    parent: int
    started: int
    ticks: int


class Watch:
    """Looks at the processes from its beginning to its end."""

    def __init__(self) -> None:
        self._ticks: dict[tuple[int, int], int] = {}  # of each process that was seen, by its number and start
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def cpu_s(self) -> float:
        """Return the seconds of all processes until now, this one's left out."""
        self._look()
        return sum(self._ticks.values()) * TICK_S

    def _run(self) -> None:
        while not self._over.wait(LOOK_S):
            self._look()

    def _look(self) -> None:
        """Note what each process has taken that this one started, or one that was seen, or a child of it."""
        with self._lock:
            living = processes()
            family = {os.getpid()} | {each.number for each in living if (each.number, each.started) in self._ticks}
            for each in sorted(living, key=lambda one: one.started):  # a parent before its children
                if each.parent in family and each.number != os.getpid():
                    family.add(each.number)
                if each.number in family and each.number != os.getpid():
                    self._ticks[each.number, each.started] = each.ticks


def processes() -> list[Process]:
    """Return all that live."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        found.append(Process(int(folder.name), int(fields[1]), int(fields[19]), int(fields[11]) + int(fields[12])))
    return found
