"""Choose: measured candidates, a budget -> the one that ships, and what is to be said of each.

    never         its answers move with the batch, or with the processor
    budget        quality, latency, size: what breaks one does not ship
    worth it      not noticeably slower than fp32, and smaller and faster all in all
    of the rest   the least product of size and times; of those that are alike in it, the least loss

The rule is that of docs/decisions/0202-what-ships.md. It knows nothing about how anything was measured.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from training.budget import Budget
from training.compression.measure import Candidate
from training.errors import TrainingError
from training.options import Options
from training.options.rooms import CompressName, Forced

NOISE = 0.10  # of a latency or a size: a smaller difference is neither gain nor loss
NOTICED_US = 10.0  # a request over HTTP takes some hundreds of microseconds; nobody sees a few more
BATCH_EFFECT = 1e-4  # of the answer's unit: above, a row's answer depends on the rows it is batched with
SHIPS, FITS = "ships", "might ship"

Candidates = tuple[Candidate, ...]  # fp32 first
Verdicts = Mapping[str, str | None]  # candidate -> why it must not ship, or None


@dataclass(frozen=True)
class Choice:
    """What ships, out of what, and why."""

    chosen: Candidate
    candidates: Candidates
    reason: str
    verdicts: Mapping[str, str]  # candidate -> `SHIPS`, `FITS`, or why it does not


def choose(
    candidates: Candidates, budget: Budget, forced: Forced | None = None, searched: CompressName = "quick"
) -> Choice:
    """Apply the rule; fp32 stands first.

    `forced` ships whatever it loses, but limits of latency and size hold. After a `full` search, no more are found.
    Raises a TrainingError when there is none of the precision asked for, or nothing is within the budget: it names the
    limits that each breaks, and the nearest.
    """
    fp32, asked = candidates[0], candidates
    if forced is not None:
        budget = Budget(math.inf, budget.latency_ms, budget.size_kb)
        asked = tuple(candidate for candidate in candidates if candidate.name == forced)
        asked = asked or tuple(candidate for candidate in candidates if candidate.precision == forced)
        if not asked:
            raise TrainingError(f"`--precision`: expected a graph that {forced} makes smaller. Received: none.")
    verdicts = {candidate.name: objection(candidate, budget) for candidate in candidates}
    if forced is None and verdicts[fp32.name] is None:
        verdicts |= {c.name: verdicts[c.name] or not_worth_it(c, fp32) for c in candidates[1:]}
    chosen = _least(asked, fp32, verdicts) or _refuse(asked, verdicts, budget, searched)
    by_rule = _reason(chosen, candidates, verdicts, budget)
    reason = f"{forced} ships because --precision asked for it." if forced is not None else by_rule
    said = {name: verdict or FITS for name, verdict in verdicts.items()} | {chosen.name: SHIPS}
    return Choice(chosen, candidates, reason, said)


def objection(candidate: Candidate, budget: Budget) -> str | None:
    """Say why a candidate must not ship, or None."""
    return unsteadiness(candidate) or "; ".join(breaches(candidate, budget)) or None


def unsteadiness(candidate: Candidate) -> str | None:
    """Say by what else than the row its answers go, or None: no budget allows that."""
    if candidate.batch_effect > BATCH_EFFECT:
        return f"answers a row differently in other company (by up to {candidate.batch_effect:.2g})"
    if not candidate.portable:
        return "saturates on processors without VNNI, which would give other answers"
    return None


def breaches(candidate: Candidate, budget: Budget) -> list[str]:
    """Name every limit that a candidate breaks."""
    found = []
    if not candidate.loss_points <= budget.quality_points:  # also when it is NaN
        found.append(f"loses {candidate.loss_points:.2f} points on validation (budget {budget.quality_points:g})")
    if budget.latency_ms is not None:
        for rows, latency_us in candidate.latency_us.items():
            if latency_us > 1000 * budget.latency_ms:
                found.append(f"takes {latency_us / 1000:.3g} ms at batch {rows} (budget {budget.latency_ms:g})")
    if budget.size_kb is not None and candidate.bytes > 1000 * budget.size_kb:
        found.append(f"has {candidate.bytes / 1000:,.1f} kB (budget {budget.size_kb:g})")
    return found


def not_worth_it(candidate: Candidate, fp32: Candidate) -> str | None:
    """Say why a candidate that may ship is no bargain beside fp32, or None."""
    for rows, latency_us in candidate.latency_us.items():
        more_us, ratio = latency_us - fp32.latency_us[rows], latency_us / fp32.latency_us[rows]
        if more_us > NOTICED_US and ratio > 1 + NOISE:
            return f"takes {ratio:.2f} times as long at batch {rows}"
    if _cost(candidate, fp32) > 1 - NOISE:
        return "is not smaller and faster, all in all"
    return None


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the places of the points that no other beats in both numbers, by the first number."""
    found: list[int] = []
    for place in sorted(range(len(points)), key=lambda place: points[place]):
        if not found or points[place][1] < points[found[-1]][1]:
            found.append(place)
    return found


def _least(candidates: Candidates, fp32: Candidate, verdicts: Verdicts) -> Candidate | None:
    """Return the cheapest of those without an objection: fp32 if there is no other, else None."""
    fit = [candidate for candidate in candidates if verdicts[candidate.name] is None]
    if not fit:
        return None
    costs = {candidate: _cost(candidate, fp32) for candidate in fit if candidate is not fp32} or {fp32: 1.0}
    alike = [candidate for candidate, cost in costs.items() if cost <= min(costs.values()) * (1 + NOISE)]
    return min(alike, key=lambda candidate: candidate.loss_points)


def _refuse(candidates: Candidates, verdicts: Verdicts, budget: Budget, searched: CompressName) -> NoReturn:
    lines = "\n".join(f"  {candidate.name}: {verdicts[candidate.name]}" for candidate in candidates)
    nearest = min(candidates, key=lambda candidate: _overshoot(candidate, budget))
    more = ", or look among more candidates (--compress full)" if searched == "quick" else ""
    raise TrainingError(
        f"`--budget`: expected a graph within {budget}. Received:\n{lines}\nThe nearest is {nearest.name}. "
        f"No bundle was written. Allow more, or make the network smaller (--hidden){more}."
    )


def _overshoot(candidate: Candidate, budget: Budget) -> float:
    """Return by what factor a candidate breaks the limit that it breaks most; what can never ship is farthest."""
    if unsteadiness(candidate):
        return math.inf
    lost = candidate.loss_points
    over = [lost / budget.quality_points if budget.quality_points else float(lost > 0)]
    if budget.latency_ms is not None:
        over.append(max(candidate.latency_us.values()) / 1000 / budget.latency_ms)
    if budget.size_kb is not None:
        over.append(candidate.bytes / 1000 / budget.size_kb)
    return max(over)


def _reason(chosen: Candidate, candidates: Candidates, verdicts: Verdicts, budget: Budget) -> str:
    fp32 = candidates[0]
    if chosen is fp32:
        account = "; ".join(f"{candidate.name} {verdicts[candidate.name]}" for candidate in candidates[1:])
        return f"fp32 ships: {account or 'every smaller graph lost too much to be tried'}."
    lost = f"{max(0.0, chosen.loss_points):.2f} of {budget.quality_points:g} points lost on validation"
    needed = f" fp32 {verdicts[fp32.name]}." if verdicts[fp32.name] else ""
    gains = ", ".join(f"{ratio:.2f} times the {what}" for what, ratio in _ratios(chosen, fp32).items())
    return f"{chosen.name} ships: {gains}, {lost}.{needed}"


def _cost(candidate: Candidate, fp32: Candidate) -> float:
    """Multiply size and latencies against fp32: half as large counts as much as twice as fast."""
    return math.prod(_ratios(candidate, fp32).values())


def _ratios(candidate: Candidate, fp32: Candidate) -> dict[str, float]:
    times = {f"time at batch {rows}": candidate.latency_us[rows] / fp32.latency_us[rows] for rows in fp32.latency_us}
    return {"bytes": candidate.bytes / fp32.bytes, **times}


def facts(choice: Choice, options: Options) -> dict[str, Any]:
    """Return what the manifest keeps of the search; the metrics stand elsewhere."""
    return {
        "search": options.compress.search,
        "budget": str(options.compress.budget),
        "shipped": choice.chosen.name,
        "reason": choice.reason,
        "candidates": {
            candidate.name: {
                "bytes": candidate.bytes,
                "load_ms": round(candidate.load_ms, 3),
                "latency_us": {str(rows): round(us, 1) for rows, us in candidate.latency_us.items()},
                "points_lost": round(candidate.loss_points, 4),
                "batch_effect": float(f"{candidate.batch_effect:.2g}"),
                "portable": candidate.portable,
                "verdict": choice.verdicts[candidate.name],
            }
            for candidate in choice.candidates
        },
    }
