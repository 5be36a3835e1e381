"""Two commits of the service, by turns: the CPU of a request, the start and the memory, as ratios with their intervals.

    compare(plan, tell)      git worktree of the older commit under build/ ─> pairs ─> the worktree goes
        a pair of requests   before, after; the next one after, before: start ─> right? ─> warm up ─> load ─> stop
        a pair of starts     likewise, each with the bundle that its own checkout commits
    ratios(outcome)          after / before of each pair ─> the median, and its 95 % interval by drawing pairs anew
    markdown(outcome)        the same as a page

Each process is started anew: where its memory happens to lie makes it some per cent faster or slower for good.
Both run with the packages of `.venv/serve`, and serve the same bundles, in the first format, which both can read.
It knows nothing of either commit but `python -m app` and the wire.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.comparison.compare import Seat, Tell
from benchmarks.comparison.startup import once
from benchmarks.harness import install
from benchmarks.harness import models as making
from benchmarks.harness.check_answer import NotServingError
from benchmarks.harness.models import BUILD, ROOT, Model
from benchmarks.harness.peers import PEERS, Peer
from benchmarks.harness.results_store import commit

DOORS = ("slipway", "slipway-asgi")
WARM_S = 1.0
DRAWS = 10_000  # of the bootstrap
WORDS = {"cpu_us": "CPU of a request", "ready_s": "start", "rss_mb": "resident, ready", "pss_loaded_mb": "PSS, loaded"}


@dataclass(frozen=True)
class Plan:
    """What to compare, and how long."""

    before: str  # the commit
    models: tuple[str, ...]
    pairs: int
    seconds: float
    connections: int = 32

    @property
    def points(self) -> int:
        """Processes that are started and measured."""
        return 2 * self.pairs * (len(self.models) * len(DOORS) + 1)


@dataclass(frozen=True)
class Side:
    """One of the two commits."""

    name: str
    root: Path

    def peer(self, door: str) -> Peer:
        """Return the door of this commit's service."""
        return replace(PEERS[door], name=f"{door}@{self.name}", folder=self.root)


@dataclass
class Outcome:
    """What was seen: a dictionary a pair, with the figures of either side."""

    before: str
    after: str
    plan: Plan
    requests: list[dict[str, Any]] = field(default_factory=list)
    starts: list[dict[str, Any]] = field(default_factory=list)


def compare(plan: Plan, tell: Tell) -> Outcome:
    """Measure everything in the plan.

    Raises:
        NotServingError: when a side does not start, or answers wrongly or with an error.
        NotInstalledError: when what it takes is missing.
    """
    install.tools([])
    install.peer(PEERS["slipway"])
    with _checkout(plan.before) as before:
        sides = (before, Side(commit(), ROOT))
        if sides[0].name == sides[1].name:
            sides = (before, Side(f"{commit()}-here", ROOT))
        outcome = Outcome(sides[0].name, sides[1].name, plan)
        for name in plan.models:
            model = _model(name, before)
            for door in DOORS:
                for turn in range(plan.pairs):
                    tell(f"{name}, {door}: pair {turn + 1} of {plan.pairs}", 0)
                    found = _pair(sides, turn, lambda side: _cpu_us(side.peer(door), model, plan))  # noqa: B023
                    outcome.requests.append({"model": name, "door": door, "turn": turn, **found})
                    tell(f"{name}, {door}", 2)
        own = {side.name: making.committed(side.root, f"adult@{side.name}") for side in sides}
        for turn in range(plan.pairs):
            tell(f"start: pair {turn + 1} of {plan.pairs}", 0)
            found = _pair(sides, turn, lambda side: once(side.peer("slipway"), _there(own[side.name])))
            outcome.starts.append({"turn": turn, **found})
            tell("start", 2)
    return outcome


def _pair(sides: tuple[Side, Side], turn: int, measure: Callable[[Side], dict[str, Any]]) -> dict[str, Any]:
    """Measure both, the one first that was second before."""
    order = sides if turn % 2 == 0 else sides[::-1]
    found = {side.name: measure(side) for side in order}
    return {"before": found[sides[0].name], "after": found[sides[1].name]}


def _cpu_us(peer: Peer, model: Model, plan: Plan) -> dict[str, Any]:
    seat = Seat(peer, model)
    try:
        with seat.turn() as server:
            seat.measure(server, 8, WARM_S)
            point = seat.measure(server, plan.connections, plan.seconds)
    finally:
        seat.stop()
    if point["errors"]:
        raise NotServingError(f"{peer.name}, {model.name}: {point['errors']} of {point['requests']} answers are errors")
    return {name: point[name] for name in ("cpu_us", "rps", "p99_ms", "foreign_share")}


def _model(name: str, before: Side) -> Model:
    """Return the bundle that both serve; of the committed ones the older, whose format both can read."""
    return _there(making.committed(before.root, "adult@before") if name == "adult" else making.build(name))


def _there(model: Model | None) -> Model:
    if model is None:
        raise NotServingError("models/adult-income is not there")
    return model


@contextmanager
def _checkout(name: str) -> Iterator[Side]:
    """Have a worktree of a commit, for as long as it is needed."""
    short = _git("rev-parse", "--short", f"{name}^{{commit}}")
    folder = BUILD / "against" / short
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    _git("worktree", "prune")
    _git("worktree", "add", "--detach", str(folder), short)
    try:
        yield Side(short, folder)
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotServingError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


# ── what it says ──


def ratios(outcome: Outcome) -> list[dict[str, Any]]:
    """Return a line for each figure: its medians, and the median of the pairs' ratios with its interval."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for pair in outcome.requests:
        groups.setdefault((pair["model"], pair["door"]), []).append(pair)
    lines = [_line("cpu_us", model, door, pairs) for (model, door), pairs in groups.items()]
    return lines + [_line(name, "adult", "slipway", outcome.starts) for name in ("ready_s", "rss_mb", "pss_loaded_mb")]


def _line(name: str, model: str, door: str, pairs: list[dict[str, Any]]) -> dict[str, Any]:
    before, after = ([pair[side][name] for pair in pairs] for side in ("before", "after"))
    found = [new / old for old, new in zip(before, after, strict=True)]
    low, high = interval(found)
    return {
        "figure": WORDS[name],
        "model": model,
        "door": door,
        "before": median(before),
        "after": median(after),
        "ratio": median(found),
        "low": low,
        "high": high,
        "pairs": len(found),
    }


def interval(values: list[float], draws: int = DRAWS) -> tuple[float, float]:
    """Return the 95 % interval of the median: as many values are drawn anew from these, many times."""
    drawn = np.random.default_rng(0).choice(values, (draws, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return float(low), float(high)


def markdown(outcome: Outcome) -> str:
    """Write the lines as a page."""
    plan = outcome.plan
    rows = [
        f"| {line['figure']} | {line['model']} | {line['door']} | {line['before']:.4g} | {line['after']:.4g} "
        f"| **{line['ratio']:.3f}** | {line['low']:.3f} to {line['high']:.3f} |"
        for line in ratios(outcome)
    ]
    return "\n".join(
        [
            f"# {outcome.after} against {outcome.before}",
            "",
            f"{plan.pairs} pairs of processes, by turns, {plan.connections} connections, {plan.seconds:g} s each. "
            "Microseconds, seconds and MB; the ratio is after / before, with the 95 % interval of its median.",
            "",
            "| | model | door | before | after | ratio | 95 % |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
