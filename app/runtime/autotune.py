"""Where and how a model runs, decided by measuring it.

    decide(open_engine, sample, …)   time it with one thread ─> more threads? ─> how many rows? ─> on the loop?

Where rows differ in size, the largest run that there may be says whether it is one for the loop.

An operator's setting overrides each step. What cannot be timed runs in a thread, with every CPU, one by one.
It knows nothing of requests, queues or features.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.cgroup import effective_cpus
from app.errors import BundleError
from app.runtime.engine import Arrays, Engine
from app.settings import Settings
from app.tensors import Array

INLINE_MAX_S = 0.001  # a run of 32 rows on the loop may delay every other request by this much
RUN_MAX_S = 0.010  # a run of more rows than make a row cheap may take this long
SMALL_RUN_S = 0.001  # a run of 32 rows below this gains nothing from more threads
PAYS = 0.75  # of the time of one thread, where rows differ in size: such graphs are strings and look-ups more than sums
TIMING_MAX_S = 0.5  # a run that takes longer is timed once, and no larger one is tried
UNSTEADY_MAX_ROWS = 8  # of a run whose rows may be larger than the sample's: a batch of images fills the memory soon
RUN_MAX_BYTES = 2**26  # of a timed run's inputs: what is computed from them may take many times as much
SIZES = (1, 8, 32, 128, 256)  # rows at which a model is timed; the last is the most that a run may have


@dataclass(frozen=True)
class Decision:
    """Where and how runs happen, and the measurement that says so."""

    inline: bool
    threads: int
    max_batch_rows: int
    run_s: dict[int, float]  # rows -> seconds of one run
    largest_run_s: float = 0.0  # where rows differ in size: of as many large ones as a run may have

    def __str__(self) -> str:
        where = "on the event loop" if self.inline else "in a worker thread"
        times = ", ".join(f"{rows} rows {seconds * 1e6:.0f} µs" for rows, seconds in self.run_s.items()) or "not timed"
        if self.largest_run_s:
            times += f", the largest {self.largest_run_s * 1e6:.0f} µs"
        return f"runs {where}, {self.threads} thread(s), at most {self.max_batch_rows} rows a run ({times})"


OpenEngine = Callable[[int], Engine]  # a session of so many threads


def decide(
    open_engine: OpenEngine,
    sample: Arrays | None,
    settings: Settings,
    *,
    batched: bool = True,
    steady: bool = True,
    largest: Arrays | None = None,
) -> tuple[Engine, Decision]:
    """Time the graph with one thread; give it all CPUs only where that can pay, and the loop only if it is quick.

    The `sample` is inputs that the model takes, (rows, …) where it is `batched`, so that requests may share a run; None
    if nobody knows any. `steady` requests have its trailing shapes; otherwise what it costs says little about them.
    Where rows differ in size, `largest` is the largest run that there may be, beside a sample of usual rows.
    Raises `BundleError` when the graph cannot run.
    """
    cpus = max(1, int(effective_cpus()))
    if sample is None:
        threads = settings.threads or cpus
        return open_engine(threads), Decision(settings.run_on == "loop", threads, 1, {})
    sizes = _sizes(settings.max_batch_rows, sample, batched, steady)
    threads = settings.threads or 1
    engine = open_engine(threads)
    run_s = _measure(engine, sample, sizes, batched)
    if settings.threads is None and cpus > 1 and _near_32(run_s) > SMALL_RUN_S:
        more = open_engine(cpus)
        more_s = _measure(more, sample, sizes, batched)
        if largest is None or _near_32(more_s) < PAYS * _near_32(run_s):
            engine, threads, run_s = more, cpus, more_s
    rows = settings.max_batch_rows if batched and settings.max_batch_rows else row_limit(run_s)
    largest_s = 0.0 if largest is None else _best(lambda _: engine.rehearse(largest), 1)
    inline = _inline(settings, run_s, rows, cpus, steady, largest_s)
    return engine, Decision(inline, threads, rows, run_s, largest_s)


def _sizes(chosen: int | None, sample: Arrays, batched: bool, steady: bool) -> tuple[int, ...]:
    """Rows at which to time; the last are the most that a run may have."""
    if not batched:
        return (1,)
    if chosen is not None:
        return (*[size for size in SIZES if size < chosen], chosen)
    row_bytes = sum([array.nbytes // len(array) for array in sample.values()])
    cap = SIZES[-1] if steady else UNSTEADY_MAX_ROWS
    return tuple([size for size in SIZES if size == 1 or (size <= cap and size * row_bytes <= RUN_MAX_BYTES)])


def _measure(engine: Engine, sample: Arrays, sizes: tuple[int, ...], batched: bool) -> dict[int, float]:
    def run(rows: int) -> None:
        engine.rehearse({name: tile(array, rows) for name, array in sample.items()} if batched else sample)

    return time_runs(run, sizes)


def _inline(
    settings: Settings, run_s: dict[int, float], batch_rows: int, cpus: int, steady: bool, largest_s: float
) -> bool:
    """A thread lets the loop go on beside a long run; with one CPU there is nothing to go on with."""
    if settings.run_on != "auto":
        return settings.run_on == "loop"
    quick = max(_near_32(run_s), largest_s) <= INLINE_MAX_S
    quick |= cpus == 1 and max(run_s.get(batch_rows, math.inf), largest_s) <= RUN_MAX_S
    return quick and steady


def _near_32(run_s: dict[int, float]) -> float:
    """The time of 32 rows, or of the most below it that was measured."""
    return run_s[max([rows for rows in run_s if rows <= 32], default=min(run_s))]


def time_runs(run: Callable[[int], Any], sizes: tuple[int, ...]) -> dict[int, float]:
    """Time `run(rows)` for each size: the best of five after one to warm up, in seconds.

    A model that is slow with few rows, or slow and no cheaper a row than with one, is not asked how slow it is with
    many; and one that fails with so many while it ran with fewer gets fewer. Raises `BundleError` when it fails at the
    smallest size.
    """
    times: dict[int, float] = {}
    for rows in sorted(set(sizes)):
        try:
            times[rows] = _best(run, rows)
        except BundleError:
            if not times:
                raise
            break
        if times[rows] > TIMING_MAX_S or (times[rows] > RUN_MAX_S and not _pays(times, rows)):
            break
    return times


def _pays(run_s: dict[int, float], rows: int) -> bool:
    """Whether a row in company has become cheaper than it is with the fewest rows."""
    fewest = min(run_s)
    return rows == fewest or run_s[rows] / rows < 0.95 * run_s[fewest] / fewest


def _best(run: Callable[[int], Any], rows: int) -> float:
    times: list[float] = []
    for _ in range(6):
        started = time.perf_counter()
        run(rows)
        times.append(time.perf_counter() - started)
        if times[0] > TIMING_MAX_S:
            return times[0]
    return min(times[1:])


def row_limit(run_s: dict[int, float]) -> int:
    """Choose the rows of one run: as many as run within `RUN_MAX_S`, and no fewer than make a row cheap.

    A batch only takes what waits anyway, so more rows delay nobody but those who would have been in the first of two
    runs; and under load, when other work has driven the weights out of the cache, they pay more than a timing shows.
    """
    least = min(seconds / rows for rows, seconds in run_s.items())
    cheap = min(rows for rows, seconds in run_s.items() if seconds / rows <= 1.1 * least)
    return max([cheap, *(rows for rows, seconds in run_s.items() if seconds <= RUN_MAX_S)])


def tile(array: Array, rows: int) -> Array:
    """Repeat an array's rows until there are `rows` of them."""
    return np.resize(array, (rows, *array.shape[1:]))  # (rows, …)
