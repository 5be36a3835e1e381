"""What a version has done since the start, in the words of Triton's statistics extension.

A run costs one entry in a list, counted when somebody asks or a second has passed. What requests add one by one is
read from the histograms that count it already.
"""

from time import time
from typing import Any

from app.metrics.histogram import Histogram

Count = dict[str, int]


class Statistics:
    """The statistics of one version, in this process; the histograms are labelled, and in seconds."""

    def __init__(self, name: str, version: str, latency: Histogram, decode: Histogram, queue: Histogram) -> None:
        self._about = {"name": name, "version": version}
        self._latency = latency
        self._decode = decode
        self._queue = queue
        self._runs: list[tuple[int, float, int]] = []  # rows, seconds, pieces of requests
        self._sizes: dict[int, list[float]] = {}  # rows of a run -> runs, seconds
        self._pieces = 0
        self._piece_s = 0.0  # what runs took, once for each piece in them
        self._last_s = 0.0  # on the clock of the wall

    def ran(self, rows: int, run_s: float, pieces: int) -> None:
        if not pieces:  # all of the run was previews
            return
        self._runs.append((rows, run_s, pieces))
        self._last_s = time()

    def fold(self) -> None:
        for rows, run_s, pieces in self._runs:
            size = self._sizes.setdefault(rows, [0, 0.0])
            size[0] += 1
            size[1] += run_s
            self._pieces += pieces
            self._piece_s += run_s * pieces
        self._runs.clear()

    def report(self, failed: int) -> dict[str, Any]:
        """Return the report, of which `failed` requests got an error; the histograms must be folded."""
        self.fold()
        sizes = sorted(self._sizes.items())
        return {
            **self._about,
            "last_inference": int(self._last_s * 1000),
            "inference_count": sum([int(rows * runs) for rows, (runs, _) in sizes]),
            "execution_count": sum([int(runs) for _, (runs, _) in sizes]),
            "inference_stats": {
                "success": _total(self._latency),
                "fail": _count(failed),
                "queue": _total(self._queue),
                "compute_input": _total(self._decode),
                "compute_infer": _count(self._pieces, self._piece_s),
                "compute_output": _count(),
                "cache_hit": _count(),
                "cache_miss": _count(),
            },
            "batch_stats": [_batch(rows, int(runs), run_s) for rows, (runs, run_s) in sizes],
        }


def _batch(rows: int, runs: int, run_s: float) -> dict[str, Any]:
    none = _count()
    return {"batch_size": rows, "compute_input": none, "compute_infer": _count(runs, run_s), "compute_output": none}


def _count(count: int = 0, seconds: float = 0.0) -> Count:
    return {"count": count, "ns": round(seconds * 1e9)}


def _total(histogram: Histogram) -> Count:
    """Read a histogram's count and sum; like `app.metrics.histogram`, it leans on the client's internals."""
    count = sum([bucket.get() for bucket in histogram._buckets])
    return _count(int(count), histogram._sum.get())
