"""Budget: what the graph that ships may lose, take and weigh; words -> limits.

    "0.5"                                          points of quality alone
    "quality=0.5pt,latency_ms=1,size_kb=200"       each a limit of its own; what is not named is not limited

It knows nothing about graphs.
"""

import math
from dataclasses import dataclass, replace

LIMITS = {"quality": "quality_points", "latency_ms": "latency_ms", "size_kb": "size_kb"}  # word -> field
EXAMPLE = "quality=0.5pt,latency_ms=1,size_kb=200"


@dataclass(frozen=True)
class Budget:
    """Limits of the graph that ships; None: no limit."""

    quality_points: float = 0.5  # hundredths that the worst of the task's budget metrics may lose on validation
    latency_ms: float | None = None  # that a run may take, at each batch that is timed
    size_kb: float | None = None  # thousands of bytes that the graph may have

    @property
    def explicit(self) -> bool:
        """Whether there is a limit that the uncompressed graph may break, too."""
        return self.latency_ms is not None or self.size_kb is not None

    def __str__(self) -> str:
        if not self.explicit:
            return f"{self.quality_points:g}"
        limits = {"latency_ms": self.latency_ms, "size_kb": self.size_kb}
        said = [f"{word}={limit:g}" for word, limit in limits.items() if limit is not None]
        quality = [f"quality={self.quality_points:g}pt"] if math.isfinite(self.quality_points) else []
        return ",".join([*quality, *said])


USUAL = Budget()


def parse(text: str) -> Budget:
    """Read points, or limits by name divided by commas; raise a ValueError with what was expected and received."""
    limits: dict[str, float] = {}
    for part in text.split(","):
        word, equals, value = part.strip().partition("=") if "=" in text else ("quality", "=", text.strip())
        if word not in LIMITS or not equals or word in limits:
            raise _mistake(part)
        limits[word] = _limit(word, value, part)
    return replace(USUAL, **{LIMITS[word]: limit for word, limit in limits.items()})


def _limit(word: str, value: str, part: str) -> float:
    """Read one limit: none is negative, and a graph has neither no bytes nor no latency."""
    try:
        limit = float(value.removesuffix("pt") if word == "quality" else value)
    except ValueError as error:
        raise _mistake(part) from error
    if not math.isfinite(limit) or limit < 0 or (limit == 0 and word != "quality"):
        raise _mistake(part)
    return limit


def _mistake(part: str) -> ValueError:
    return ValueError(f"expected points, as 0.5, or limits of {', '.join(LIMITS)}, as {EXAMPLE}. Received: {part!r}.")
