"""The metrics of several worker processes: the client's files, and who reads, joins and buries them.

Each worker writes files of its own (counters, histograms, gauges by their mode), which anybody may read. Counters must
not fall when a worker dies, so its numbers stay; one file holds those of all the dead, or they would pile up.
A scrape during a burial would miss a worker or count it twice: the two take turns by a lock on a file.
It leans on the format of the client's files (`MmapedDict`), not on its merging.
"""

import contextlib
import fcntl
import os
import resource
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
COUNTED = ("counter", "histogram")
THE_DEAD = 0  # stands where the files have the number of a process
TICKS_A_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def folder() -> Path | None:
    """Return where the workers' files lie, None where there are no workers."""
    return Path(os.environ[VARIABLE]) if VARIABLE in os.environ else None


class Workers(Collector):
    """What all workers have counted; made in any of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._joined = MultiProcessCollector(None, str(folder))  # type: ignore[no-untyped-call]  # not typed by the client

    def collect(self) -> Iterable[Metric]:
        """Return every family of the files, and those of the processes."""
        with turn(self._folder, fcntl.LOCK_SH):
            return [*self._joined.collect(), *processes(os.getppid())]  # type: ignore[no-untyped-call]


def bury(folder: Path, pid: int) -> None:
    """Take the files of a dead worker away; what it has counted is kept."""
    with turn(folder, fcntl.LOCK_EX):
        mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        for kind in COUNTED:
            dead, all_dead = folder / f"{kind}_{pid}.db", folder / f"{kind}_{THE_DEAD}.db"
            if dead.exists():
                _write(all_dead, [file for file in (all_dead, dead) if file.exists()])
                dead.unlink()


def _write(path: Path, files: list[Path]) -> None:
    """Add up `files` and put the sums to `path`."""
    sums: dict[str, float] = defaultdict(float)
    for file in files:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
            sums[key] += value
    new = path.with_suffix(".new")  # which no scrape takes for one of its files
    new.unlink(missing_ok=True)
    written = MmapedDict(str(new))  # type: ignore[no-untyped-call]
    for key, value in sums.items():
        written.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
    written.close()  # type: ignore[no-untyped-call]
    new.replace(path)


@contextlib.contextmanager
def turn(folder: Path, how: int) -> Iterator[None]:
    """Take turns with a burial; `how` is `fcntl.LOCK_SH` for whoever reads."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, how)
        yield  # closing the file gives the lock back


def processes(supervisor: int) -> list[Metric]:
    """Describe the supervisor and its workers as the client describes one process, summed; nothing without /proc.

    The CPU time of workers that have ended is in the supervisor's own, so that the sum never falls.
    """
    try:
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return []
    pids = [supervisor, *map(int, children)]
    stats = [stat for pid in pids if (stat := _stat(pid)) is not None]
    booted_s = next(float(line.split()[1]) for line in lines if line.startswith("btime "))
    ended = sum(stats[0][13:15])  # user and system time of children that were waited for
    cpu_s = (sum([stat[11] + stat[12] for stat in stats]) + ended) / TICKS_A_S
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    gauges = (
        ("process_virtual_memory_bytes", "Virtual memory size in bytes.", sum([stat[20] for stat in stats])),
        ("process_resident_memory_bytes", "Resident memory size in bytes.", sum([s[21] for s in stats]) * PAGE_BYTES),
        ("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
         booted_s + stats[0][19] / TICKS_A_S),
        ("process_open_fds", "Number of open file descriptors.", sum(map(_entries, pids))),
        ("process_max_fds", "Maximum number of open file descriptors.", limit * len(stats)),
    )  # fmt: skip
    cpu = CounterMetricFamily("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", cpu_s)
    return [cpu, *[GaugeMetricFamily(name, text, value) for name, text, value in gauges]]


def _stat(pid: int) -> list[int] | None:
    """Read /proc/<pid>/stat after the name, so that the third field, which is a letter, has the index 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return [0, *map(int, fields[1:])]


def _entries(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0
