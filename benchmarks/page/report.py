"""What was measured of the page, in words and beside what is claimed.

    page(found, rows) ─> the text of `page.md`

It knows nothing of how anything was measured.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.page.measures import LOOK_S
from benchmarks.training.page import commit, machine, verdict

EXACT = 10  # features that differ: so many have exact shares


@dataclass(frozen=True)
class Claim:
    """A number of which less is better."""

    what: str
    measured: float
    must: float
    hope: float


def page(found: dict[str, Any], rows: int) -> str:
    """Write what was measured."""
    made = f"`python -m benchmarks.page`, commit {commit()}, {machine()}, load average {found['load_average']:.1f}."
    clock = "Chromium without a window; every time is taken by the page's own clock."
    head = ["# The page", "", f"{made} {clock}", ""]
    return "\n".join([*head, *judged(claims(found)), "", *_times(found), *_service(found, rows), ""])


def _times(found: dict[str, Any]) -> list[str]:
    usable, docs = (statistics.median(column) for column in zip(*found["usable_ms"], strict=True))
    answers = found["answer_ms"]
    return [
        f"- **Bytes**: {len(found['sizes'])} files, as they are sent, for tables with every type of feature and of "
        "answer, and for scoring a file.",
        f"- **Usable**: {usable:,.0f} ms, `/docs` {docs:,.0f} ms (its first route can be opened); medians of "
        f"{len(found['usable_ms'])} pairs, each page in a browser that was just started, by turns.",
        f"- **Answers**: {len(answers)} arrow keys on a slider of Adult, from the key event to the frame that shows "
        f"the answer: p50 {p(answers, 50):.0f} ms; 30 ms of them wait for the next key.",
    ]


def _service(found: dict[str, Any], rows: int) -> list[str]:
    large, shapley = found["large_file"], found["shapley"]
    alone, watched = (100 * share for share in found["looking"])
    exact = [players for players, _ in shapley if players <= EXACT]
    return [
        f"- **A large file**: {rows:,} rows of Adult as CSV: “{large['said']}” Meanwhile {len(large['answer_ms'])} "
        f"keys, p50 {p(large['answer_ms'], 50):.0f} ms. Memory is the peak of the renderer's resident set, with what "
        "it shares with other processes.",
        f"- **One who looks**: {LOOK_S} s at the section that shows what the service does now: {watched:.2f} % of a "
        f"core, {alone:.2f} % without anybody.",
        f"- **Shapley**: {len(shapley)} rows of Adult against another one, {len(exact)} of them exact; the others from "
        "drawn orders.",
    ]


def claims(found: dict[str, Any]) -> list[Claim]:
    """Return what is claimed, as it was measured."""
    alone, watched = found["looking"]
    large = found["large_file"]
    ratios = [page / docs for page, docs in found["usable_ms"]]
    return [
        Claim("gzip of all that a table needs, kB", sum(found["sizes"].values()) / 1000, 25, 15),
        Claim("usable after a cold start, ÷ /docs", statistics.median(ratios), 0.25, 0.12),
        Claim("key press → answer painted, p95, ms", p(found["answer_ms"], 95), 150, 80),
        Claim("the same while a large file is scored, p95, ms", p(large["answer_ms"], 95), 150, 150),
        Claim("the tab's process at most, MB", large["tab_peak_mb"], 300, 300),
        Claim("CPU of the service for one who looks, % of a core", 100 * max(0.0, watched - alone), 0.5, 0.1),
        Claim("Shapley: shares miss the difference by at most", max(gap for _, gap in found["shapley"]), 1e-6, 1e-6),
    ]


def judged(claims: Sequence[Claim]) -> list[str]:
    """Write the table."""
    head = ["| | measured | must | hope | |", "|---|---:|---:|---:|---|"]
    return head + [
        f"| {claim.what} | {claim.measured:.3g} | ≤ {claim.must:g} | ≤ {claim.hope:g} | "
        f"{verdict(claim.measured, claim.must, claim.hope)} |"
        for claim in claims
    ]


def p(values: Sequence[float], percent: int) -> float:
    """Return a percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
