"""Totals of several labels a row: the metrics of the card that sums can say, of any number of rows.

    labels     by label, rows that have it, were given it, both ─> macro_f1
    rows       rows by how many of their labels were right, and how many there were ─> micro_f1
    exact      rows that are right in every label
    scores     as of one label ─> roc_auc, pr_auc

It knows neither files nor outputs by name.
"""

from collections.abc import Callable

import numpy as np

from app.answers.figures import Figure, resampled
from app.answers.label_totals import LABELS_MAX, of_areas, scores
from app.answers.totals import Cells, Totals, Whole
from app.tensors import Array


def totals(true: Array, given: Array, probabilities: Array) -> Totals:
    """Count rows: the labels that they have and were given, truths, and their probabilities, (rows, labels) each."""
    labels = true.shape[1]
    hits, seen = (true & given).sum(axis=1), true.sum(axis=1) + given.sum(axis=1)  # (rows,)
    cells = {
        "exact": Cells.of((true == given).all(axis=1).astype(np.int64), 2),
        "rows": Cells.of(hits * (2 * labels + 1) + seen, (labels + 1) * (2 * labels + 1)),
        "hits": _by_label(true & given),
        "seen": _by_label(true, given),
    }
    if labels <= LABELS_MAX:
        cells["scores"] = scores(probabilities, true, range(labels))
    return Totals.of(len(true), cells)


def _by_label(*truths: Array) -> Cells:
    rows = sum([each.sum(axis=0) for each in truths])
    places = np.flatnonzero(rows)
    return Cells(places.tolist(), rows[places].tolist())


def figures(found: Totals, labels: int) -> dict[str, Figure]:
    """Return the metrics of so many labels."""
    size = (labels + 1) * (2 * labels + 1)

    def micro(rows: Whole) -> list[float]:
        table = rows.reshape(labels + 1, 2 * labels + 1)  # hits down, labels that were there or given across
        hits, seen = table.sum(axis=1) @ np.arange(labels + 1), table.sum(axis=0) @ np.arange(2 * labels + 1)
        return [2 * float(hits) / max(1.0, float(seen))]

    micro_f1 = _figure(found.cells["rows"], size, micro)
    exact = _figure(found.cells["exact"], 2, lambda rows: [float(rows[1] / rows.sum())])
    hits, seen = (found.cells[name].dense(labels) for name in ("hits", "seen"))
    there = seen > 0
    macro = Figure(float((2 * hits[there] / seen[there]).mean())) if there.any() else Figure(0.0)
    areas = of_areas(found.cells["scores"], labels) if "scores" in found.cells else {}
    return {"micro_f1": micro_f1, "macro_f1": macro, "exact": exact, **areas}


def _figure(cells: Cells, size: int, judged: Callable[[Whole], list[float]]) -> Figure:
    (value,), ((low, high),) = judged(cells.dense(size)), resampled(cells, size, judged)
    return Figure(value, low, high)
