"""What the service claims of its speed: what must hold, what is hoped for, and how to read it out of one run."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.results_store import Results

Value = Callable[[Results], float | None]


@dataclass(frozen=True)
class Claim:
    """A number and its bounds, upper or (with `least`) lower; `value` returns None if it was not measured."""

    text: str
    must: float
    hope: float | None
    value: Value
    least: bool = False
    unit: str = ""

    def holds(self, value: float, bound: float) -> bool:
        return value >= bound if self.least else value <= bound

    def verdict(self, value: float | None) -> str:
        """Say in words how the claim stands."""
        if value is None:
            return "not measured"
        if not self.holds(value, self.must):
            return "**missed**"
        if self.hope is not None and self.holds(value, self.hope):
            return "holds, as hoped"
        return "holds"


def median(results: Results, peer: str, model: str, connections: int, field: str) -> float | None:
    """Return the median over the rounds of one field; None if there is no such point, or one with errors."""
    points = [
        point
        for point in results.get("compare", {}).get("points", [])
        if (point["peer"], point["model"], point["connections"]) == (peer, model, connections)
    ]
    return statistics.median(point[field] for point in points) if points else None


def ratio(field: str, peer: str, other: str, model: str, connections: int, other_model: str | None = None) -> Value:
    """Make the function that divides a peer's median by another's."""

    def value(results: Results) -> float | None:
        above = median(results, peer, model, connections, field)
        below = median(results, other, other_model or model, connections, field)
        return above / below if above is not None and below else None

    return value


def goodput(model: str) -> Value:
    """Make the function that divides the goodput at the highest rate by the best at any rate."""

    def value(results: Results) -> float | None:
        by_fraction = goodputs(results, model)
        return by_fraction[max(by_fraction)] / max(by_fraction.values()) if by_fraction else None

    return value


def goodputs(results: Results, model: str, field: str = "goodput") -> dict[float, float]:
    """Return the median over the rounds of a field: share of the capacity offered -> value."""
    points: list[dict[str, Any]] = results.get("sweep", {}).get(model, {}).get("points", [])
    fractions = sorted({point["fraction"] for point in points})
    return {f: statistics.median(p[field] for p in points if p["fraction"] == f) for f in fractions}


def accepted_p99(model: str) -> Value:
    """Make the function that divides the p99 of the answers with 200 at the highest rate by the deadline."""

    def value(results: Results) -> float | None:
        by_fraction = goodputs(results, model, "accepted_p99_ms")
        if not by_fraction:
            return None
        return by_fraction[max(by_fraction)] / float(results["sweep"][model]["deadline_ms"])

    return value


def start(field: str) -> Value:
    """Make the function that returns the median of the starts."""

    def value(results: Results) -> float | None:
        points = results.get("starting", {}).get("points", [])
        return statistics.median(point[field] for point in points) if points else None

    return value


def grown(results: Results) -> float | None:
    """Count what grew in the soak."""
    return float(len(results["soak"]["grown"])) if "soak" in results else None


CPU = "server CPU a request"
EMPTY, NGINX, FASTAPI = "empty uvicorn application", "nginx with a constant answer", "FastAPI with a `def`"
CLAIMS = (
    Claim(f"{CPU} ÷ {EMPTY}, tabular, 32 connections", 0.8, 0.55, ratio("cpu_us", "slipway", "empty", "tabular", 32)),
    Claim("the same through the ASGI door", 1.6, 1.35, ratio("cpu_us", "slipway-asgi", "empty", "tabular", 32)),
    Claim(f"{CPU} ÷ {NGINX}, tabular, 32 connections", 3.5, 2.0, ratio("cpu_us", "slipway", "nginx", "tabular", 32)),
    Claim(
        f"requests a second ÷ {FASTAPI}, tabular, 32 connections",
        must=14,
        hope=22,
        value=ratio("rps", "slipway", "naive", "tabular", 32),
        least=True,
    ),
    Claim(f"{CPU} ÷ Triton, tabular, 128 connections", 0.35, 0.2, ratio("cpu_us", "slipway", "triton", "tabular", 128)),
    Claim(f"{CPU} ÷ mosec, tabular, 128 connections", 0.55, 0.35, ratio("cpu_us", "slipway", "mosec", "tabular", 128)),
    Claim(
        f"{CPU}, 14 named features ÷ {EMPTY}, 32 connections",
        must=1.2,
        hope=0.8,
        value=ratio("cpu_us", "slipway", "empty", "adult", 32, other_model="tabular"),
    ),
    Claim(f"p50 ÷ {FASTAPI}, tabular, 1 connection", 0.4, 0.3, ratio("p50_ms", "slipway", "naive", "tabular", 1)),
    Claim(f"{CPU} ÷ Triton, wide, 128 connections", 0.9, 0.7, ratio("cpu_us", "slipway", "triton", "wide", 128)),
    Claim(f"{CPU} ÷ mosec, wide, 128 connections", 0.8, 0.6, ratio("cpu_us", "slipway", "mosec", "wide", 128)),
    Claim("goodput at twice the capacity ÷ best goodput, wide, open loop", 0.9, 0.97, goodput("wide"), least=True),
    Claim("p99 of accepted requests at twice the capacity ÷ deadline, wide", 1.0, None, accepted_p99("wide")),
    Claim("seconds from process start to ready, 14 named features", 1.0, 0.6, start("ready_s"), unit=" s"),
    Claim("resident memory under load, 14 named features", 100, 80, start("rss_loaded_mb"), unit=" MB"),
    Claim("what grew in the soak (memory, descriptors, threads, tasks)", 0, None, grown),
)
