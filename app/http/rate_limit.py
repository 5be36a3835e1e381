"""So many calls a second: a token bucket."""

from time import monotonic


class Bucket:
    """So many calls a second, and as many at once: a token bucket, on `time.monotonic`."""

    __slots__ = ("_rate", "_since", "_tokens")

    def __init__(self, rate_per_s: float) -> None:
        self._rate = rate_per_s
        self._tokens = max(1.0, rate_per_s)
        self._since = monotonic()

    def take(self) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        now = monotonic()
        self._tokens = min(max(1.0, self._rate), self._tokens + (now - self._since) * self._rate)
        self._since = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0
