"""A limit of the requests of a model that are under way at once, for those who ask for one.

    batcher_of(limit)     the class to make a batcher of: without a limit the plain one, which pays nothing for this
    limit_of(setting, …)  one number for every model, or one by model

Under way is who waits or runs, by whichever protocol; see `app.batcher.Batcher.under_way`.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial

from app.batcher import Batcher
from app.errors import Overloaded


class LimitedBatcher(Batcher):
    """A batcher that also refuses who would be one too many.

    Args:
        max_requests: that may be under way.
    """

    def __init__(self, *args: object, max_requests: int, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # as they came
        self._max_requests = max_requests
        self._easy_rows = -1  # each must ask

    @property
    def crowded(self) -> bool:
        return self.under_way >= self._max_requests or super().crowded

    def admit(self, rows: int, size_bytes: int, patience_s: float) -> None:
        super().admit(rows, size_bytes, patience_s)
        if self.under_way >= self._max_requests:
            self.pace.refused()
            raise Overloaded(
                f"Too many requests: expected at most {self._max_requests} under way. Received: one more. "
                "Try again later.",
                retry_after_s=max(1, math.ceil(self.wait_s)),
                reason="concurrency",
            )


def batcher_of(max_requests: int | None) -> Callable[..., Batcher]:
    """Return what makes a batcher with this limit, or with none."""
    return Batcher if max_requests is None else partial(LimitedBatcher, max_requests=max_requests)


def limit_of(setting: int | Mapping[str, int] | None, model: str) -> int | None:
    """Return the limit of `model`; who is not named has none."""
    return setting.get(model) if isinstance(setting, Mapping) else setting
