"""Account: what a person is told of labels: a table of all of them, which are scarce, and where a column looks so.

It knows nothing about how labels are learned.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.sources.tally import Tally
from training.columns.arrays import Rows
from training.rendering.markdown import code, number, plain, table
from training.tasks.labels.weighted import Truths, by_label

MOST_LABELS = 100  # of a table
NAMED = 5  # labels in a remark
SEPARATORS = ("|", ";", ",")
LEAST_SHARE = 0.05  # of the cells that hold a separator
MOST_PARTS = 1000


def table_of_labels(
    labels: Sequence[str], thresholds: Sequence[float], rows: Rows, given: Truths, scores: NDArray[np.float64]
) -> list[str]:
    """Return a title and a line a label, the most frequent of very many."""
    weights = np.ones((1, len(rows))) if rows.weights is None else rows.weights[None]
    shares, found = np.average(rows.y, axis=0, weights=weights[0]), by_label(rows.y, given, scores, weights)
    shown = np.sort(np.argsort(-shares, kind="stable")[:MOST_LABELS]).tolist()
    lines = (
        [plain(labels[at]), f"{shares[at]:.2%}", number(thresholds[at]), *(_cell(each[at]) for each in found.values())]
        for at in shown
    )
    more = [f"{len(labels) - MOST_LABELS} rarer labels are not shown."] if len(labels) > MOST_LABELS else []
    return ["### Each label", table(["label", "share of test rows", "threshold", *found], lines), *more]


def scarce(y: Truths, labels: Sequence[str], fewer_than: int) -> dict[str, str]:
    """Say beside the metrics that are means over labels which of them few rows have, or lack."""
    counts = np.minimum(y.sum(axis=0), len(y) - y.sum(axis=0))
    rare = [at for at in np.argsort(counts, kind="stable").tolist() if counts[at] < fewer_than]
    if not rare:
        return {}
    named = [f"{counts[at]} row{'' if counts[at] == 1 else 's'} of {code(labels[at])}" for at in rare[:NAMED]]
    more = f" and {len(rare) - NAMED} labels more" if len(rare) > NAMED else ""
    return dict.fromkeys(("macro_f1", "roc_auc", "pr_auc"), ", ".join(named) + more)


def suggestion(tally: Tally) -> str | None:
    """Say that cells look like several labels, where their parts come again in other cells; None: they do not.

    Names and addresses have commas too, but as many different parts as cells.
    """
    words: Mapping[str, int] = tally.words or dict.fromkeys(tally.first_words, 1)
    for separator in SEPARATORS:
        cut = {word: [part.strip() for part in word.split(separator)] for word in words}
        several = [word for word, parts in cut.items() if len(parts) > 1]
        parts = {part for its in cut.values() for part in its if part}
        if several and 1 < len(parts) < min(len(words), MOST_PARTS + 1) and _share(several, words) >= LEAST_SHARE:
            how = "" if separator == SEPARATORS[0] else f" --separator '{separator}'"
            return (
                f"looks like several of {len(parts)} labels a cell, such as {several[0]!r:.60}: --task multilabel{how}"
            )
    return None


def _share(some: Iterable[str], words: Mapping[str, int]) -> float:
    return sum(words[word] for word in some) / sum(words.values())


def _cell(value: float) -> str:
    return "" if np.isnan(value) else number(value)
