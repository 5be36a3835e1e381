"""The previews of one version, or of none: counted by status, and by nothing that judges the service.

What is told of them is what is told of requests (`app.runtime.model.Calls`).
"""

from collections import Counter as Tally
from typing import Any

from app.batching.work import Work
from app.errors import RequestError

KEPT = 64  # works that may be looked through for those that are over


class PreviewCalls:
    """Counts in `requests`, the series of all versions by status."""

    def __init__(self, requests: Any, labels: tuple[str, str]) -> None:
        self._requests = requests
        self._labels = labels
        self._codes: Tally[int] = Tally()  # since the last fold
        self._queued: list[Work] = []  # some of them are over
        requests.labels(*labels, "200")

    def answered(self, _seconds: float) -> None:
        self._codes[200] += 1

    def refused(self, error: Exception) -> None:
        self._codes[error.status if isinstance(error, RequestError) else RequestError.status] += 1

    def left(self) -> None:
        """Count nothing: it has no status."""

    def queued(self, work: Work) -> None:
        """Know a preview that waits from now on, until it is over."""
        if len(self._queued) >= KEPT:
            self._sweep()
        self._queued.append(work)

    @property
    def waiting_rows(self) -> int:
        """Rows of previews that wait for a run."""
        self._sweep()
        return sum([work.size - work.taken for work in self._queued])

    def fold(self) -> None:
        codes, self._codes = self._codes, Tally()
        for code, count in codes.items():
            self._requests.labels(*self._labels, str(code)).inc(count)

    def _sweep(self) -> None:
        self._queued = [work for work in self._queued if not work.done]
