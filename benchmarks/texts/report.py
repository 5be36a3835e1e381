"""What was measured of texts, in tables beside what is claimed.

    page(runs, fit) ─> the text of `texts.md`

It knows nothing of how anything was measured.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.texts.opponent import Fitted
from benchmarks.texts.ours import Trained
from benchmarks.texts.serving import CONNECTIONS, Point, ratios
from benchmarks.texts.sets import CPU_TO_EMPTY, FIT_CPU_S, FIT_SET, INT8_POINTS, RPS_TO_SKLEARN, SETS, Claim
from benchmarks.training.page import commit, machine


@dataclass(frozen=True)
class Pair:
    """One set and seed: what was trained, and what stands beside it."""

    seed: int
    opponent: Fitted
    ours: Trained | None  # None: only the opponent was asked for


NONE = Claim(0, 0)

Runs = Mapping[str, Sequence[Pair]]


def page(runs: Runs, fit: Mapping[str, float] | None) -> str:
    """Write what was measured."""
    seeds = sorted({pair.seed for pairs in runs.values() for pair in pairs})
    lines = [
        "# Texts, beside scikit-learn",
        "",
        f"`python -m benchmarks.texts table`, commit {commit()}, {machine()}. Test rows; means of seeds "
        f"{', '.join(map(str, seeds))}. The text column alone and default options, beside TF-IDF and logistic "
        "regression whose n-grams (words 1-2, characters 1-5 within words, or both) and C are tuned on the validation "
        "rows, fitted on the same training rows.",
        "",
        "| set | metric | opponent | ours | ÷ | must | hope | |",
        "|---|---|---:|---:|---:|---:|---:|---|",
        *[row(name, metric, pairs) for name, pairs in runs.items() for metric in SETS[name].claims],
        "",
        "| set | opponent | its pickle, kB | ships | graph, kB | graph ÷ pickle | must | hope | | points lost by int8 |"
        " must | |",
        "|---|---|---:|---|---:|---:|---:|---:|---|---:|---:|---|",
        *[size_row(name, pairs) for name, pairs in runs.items()],
        *[f"\nOf {name} only seed {pairs[0].seed} was run." for name, pairs in runs.items() if len(pairs) < len(seeds)],
    ]
    return "\n".join([*lines, *fit_lines(fit)]) + "\n"


def row(name: str, metric: str, pairs: Sequence[Pair]) -> str:
    """One line a set and metric."""
    claim = SETS[name].claims[metric]
    theirs = statistics.fmean(pair.opponent.metrics[metric] for pair in pairs)
    wanted = f"{claim.must} | {claim.hope}"
    if any(pair.ours is None for pair in pairs):
        return f"| {name} | {metric} | {theirs:.4f} | | | {wanted} | |"
    ours = statistics.fmean(pair.ours.metrics[metric] for pair in pairs if pair.ours is not None)
    ratio = ours / theirs
    return f"| {name} | {metric} | {theirs:.4f} | {ours:.4f} | {ratio:.4f} | {wanted} | {more(ratio, claim)} |"


def size_row(name: str, pairs: Sequence[Pair]) -> str:
    """One line a set: what was chosen, bytes, and what 8 bits lose."""
    chosen = "; ".join(dict.fromkeys(f"{' and '.join(p.opponent.kinds)}, C {p.opponent.strength:g}" for p in pairs))
    pickle = statistics.fmean(pair.opponent.pickle_bytes for pair in pairs)
    trained = [pair.ours for pair in pairs if pair.ours is not None]
    if len(trained) < len(pairs):
        return f"| {name} | {chosen} | {pickle / 1000:,.0f} | | | | | | | | | |"
    size, claim = statistics.fmean(one.graph_bytes for one in trained), SETS[name].size
    wanted = f"{claim.must} | {claim.hope} | {less(size / pickle, claim)}" if claim else " | | "
    ships = ", ".join(dict.fromkeys(one.shipped for one in trained))
    return (
        f"| {name} | {chosen} | {pickle / 1000:,.0f} | {ships} | {size / 1000:,.0f} | {size / pickle:.3f} | {wanted} "
        f"| {_int8(trained)} |"
    )


def fit_lines(fit: Mapping[str, float] | None) -> list[str]:
    """Say what fit and export took."""
    if fit is None:
        return []
    took = fit["fit_cpu_s"] + fit["export_cpu_s"]
    return [
        "",
        f"Fit and export of {FIT_SET} on one thread: {took:.1f} CPU s ({fit['fit_cpu_s']:.1f} and "
        f"{fit['export_cpu_s']:.1f}), at most {FIT_CPU_S.must:g} must hold and {FIT_CPU_S.hope:g} is hoped for: "
        f"{less(took, FIT_CPU_S)}. To read, split and hash the texts takes {fit['prepare_cpu_s']:.1f} more.",
    ]


def serving_page(points: Sequence[Point], unequal: Mapping[str, int], rounds: int, seconds: float) -> str:
    """Write what an answer costs to serve."""
    found = ratios(points)
    cpu, rps = (less(found["cpu_to_empty"], CPU_TO_EMPTY), more(found["rps_to_sklearn"], RPS_TO_SKLEARN))
    lines = [
        "# Texts, served",
        "",
        f"`python -m benchmarks.texts serve --rounds {rounds} --seconds {seconds:g}`, commit {commit()}, {machine()}. "
        f"{CONNECTIONS} connections, one text a request; one core serves, the other asks; medians of {rounds} turns.",
        "",
        "| | measured | must | hope | |",
        "|---|---:|---:|---:|---|",
        f"| CPU of an answer to about 60 characters ÷ an empty uvicorn application | {found['cpu_to_empty']:.2f} "
        f"| ≤ {CPU_TO_EMPTY.must:g} | ≤ {CPU_TO_EMPTY.hope:g} | {cpu} |",
        f"| answers a second, about 20 words ÷ FastAPI and a scikit-learn pipeline | {found['rps_to_sklearn']:.1f} "
        f"| ≥ {RPS_TO_SKLEARN.must:g} | ≥ {RPS_TO_SKLEARN.hope:g} | {rps} |",
        f"| CPU of that pipeline's answer ÷ ours, for orientation | {found['cpu_of_sklearn']:.1f} | | | |",
        f"| odd texts whose answer from the service is not that of a bare session | {unequal['served']} | 0 | 0 "
        f"| {less(unequal['served'], NONE)} |",
        f"| odd texts whose answer alone is not that among 50 | {unequal['alone']} | 0 | 0 "
        f"| {less(unequal['alone'], NONE)} |",
        "",
        "| server | texts | answers a second | CPU µs | p99 ms | errors |",
        "|---|---|---:|---:|---:|---:|",
        *[_served(points, *which) for which in dict.fromkeys((one.server, one.texts) for one in points)],
    ]
    return "\n".join(lines) + "\n"


def triton_page(graph: Path, found: Mapping[str, int], versions: Mapping[str, str]) -> str:
    """Say how many texts Triton answers otherwise than the service."""
    installed = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = [
        "# Texts in Triton",
        "",
        f"`python -m benchmarks.texts triton`, commit {commit()}, {machine()}, {installed}. The graph of "
        f"`{graph.parents[1].name}` in Triton, which takes strings and has no tokenizer, beside the service: both are "
        "asked by the Open Inference Protocol. The server of `nvidia-pytriton` has its Python backend alone, in which "
        "ONNX Runtime runs the graph (`benchmarks/texts/triton.py`); Triton's own backend for ONNX comes in NVIDIA's "
        "images alone, and was not tried.",
        "",
        "| odd texts | answered otherwise than by the service, in any bit | must | |",
        "|---:|---:|---:|---|",
        f"| {found['asked']:,} | {found['unequal']} | 0 | {less(found['unequal'], NONE)} |",
    ]
    return "\n".join(lines) + "\n"


def _served(points: Sequence[Point], server: str, texts: str) -> str:
    its = [one for one in points if (one.server, one.texts) == (server, texts)]
    rps, cpu, p99 = (
        statistics.median(values) for values in zip(*((o.rps, o.cpu_us, o.p99_ms) for o in its), strict=True)
    )
    return f"| {server} | {texts} | {rps:,.0f} | {cpu:.0f} | {p99:.1f} | {sum(one.errors for one in its)} |"


def more(value: float, claim: Claim) -> str:
    """Say how a value stands of which more is better."""
    return "hoped for" if value >= claim.hope else "holds" if value >= claim.must else "missed"


def less(value: float, claim: Any) -> str:
    """Say how a value stands of which less is better."""
    return "hoped for" if value <= claim.hope else "holds" if value <= claim.must else "missed"


def _int8(trained: Sequence[Trained]) -> str:
    points = [one.int8_points for one in trained if one.int8_points is not None]
    if not points:
        return " | | "
    lost = statistics.fmean(points)
    return f"{lost:+.2f} | {INT8_POINTS.must} | {less(lost, INT8_POINTS)}"
