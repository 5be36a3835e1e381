"""A limit of the requests of a model that are under way at once, for those who ask for one.

    queue_of(limits, …)     without such a limit the plain queue, which pays nothing for this
    limit_of(setting, …)    one number for every model, or one by model

Under way is who waits or runs, by whichever protocol; see `app.batching.batcher.Batcher.under_way`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from app.batching.queue import Limits, WorkQueue
from app.batching.turn_time import Pace
from app.errors import Overloaded


class LimitedQueue(WorkQueue):
    """A `WorkQueue` that also refuses who would be one too many; `under_way` tells how many there are."""

    def __init__(self, max_requests: int, under_way: Callable[[], int], *further: Any) -> None:
        super().__init__(*further)
        self._max_requests = max_requests
        self._under_way = under_way
        self.easy_rows = -1  # each must ask

    def admit(self, rows: int, size_bytes: int, patience_s: float, share: float = 1.0) -> None:
        super().admit(rows, size_bytes, patience_s, share)
        max_requests = max(1, int(share * self._max_requests))
        if self._under_way() >= max_requests:
            self._pace.refused()
            expected = f"Too many requests: expected at most {max_requests} under way"
            text, wait_s = f"{expected}. Received: one more. Try again later.", max(1, math.ceil(self.wait_s))
            raise Overloaded(text, retry_after_s=wait_s, reason="concurrency")


def queue_of(limits: Limits, pace: Pace, turns: int, under_way: Callable[[], int]) -> WorkQueue:
    """Make a queue; `under_way` tells how many requests are, and is asked only if they have a limit."""
    if limits.requests is None:
        return WorkQueue(limits, pace, turns)
    return LimitedQueue(limits.requests, under_way, limits, pace, turns)


def limit_of(setting: int | Mapping[str, int] | None, model: str) -> int | None:
    """Return the limit of `model`; who is not named has none."""
    return setting.get(model) if isinstance(setting, Mapping) else setting
