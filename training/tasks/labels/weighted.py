"""Weighted: the metrics of several labels a row for many weightings of the same rows at once.

    given labels, (rows, labels) truths ─> micro_f1, macro_f1, exact
    probabilities, (rows, labels)       ─> roc_auc, pr_auc, ranking

For weights of one this is what scikit-learn gives, and a test holds it, but for labels that no row has or was given:
they count in no mean. It knows nothing about how weights are drawn.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.tasks.label.weighted import areas_over, mean_over, precision_area, roc_area
from training.tasks.weighted import Judged, Values, Weights, ratio

Truths = NDArray[np.bool_]  # (rows, labels)
BEST_AUC = "best_roc_auc"  # of one label alone; what gives one label away is a leak as well
FEW_ROWS = 20  # with a label, or without it: fewer are ranked well by chance


def metrics(y: Truths, given: Truths, scores: NDArray[np.float64], weights: Weights, only: str | None = None) -> Judged:
    """Judge under every weighting, (times, rows); metrics but `only` may be left out."""
    groups: list[tuple[tuple[str, ...], Callable[[], Judged]]] = [
        (("micro_f1", "macro_f1", "exact"), lambda: _of_given(y, given, weights)),
        (("roc_auc", "pr_auc"), lambda: _of_areas(y, scores, weights)),
        (("ranking",), lambda: {"ranking": weights @ ranking(y, scores) / weights.sum(axis=1)}),
    ]
    if only == BEST_AUC:
        return {only: _best_area(y, scores, weights)}
    found: Judged = {}
    for names, judged in groups:
        if only is None or only in names:
            found |= judged()
    return found


def by_label(y: Truths, given: Truths, scores: NDArray[np.float64], weights: Weights) -> Judged:
    """Judge each label under one weighting, (1, rows): metric -> (labels,), NaN where it has no meaning."""
    hit, said, true = (weights @ each for each in (y & given, given, y))
    areas = [areas_over((roc_area, precision_area), [(y[:, at], scores[:, at])], weights) for at in range(y.shape[1])]
    roc, precision = np.array(areas).reshape(-1, 2).T  # (labels,) each
    found = {"precision": ratio(hit, said, np.nan), "recall": ratio(hit, true, np.nan)}
    return {name: values[0] for name, values in found.items()} | {
        "f1": ratio(2 * hit, true + said, np.nan)[0],
        "roc_auc": roc,
        "pr_auc": precision,
    }


def ranking(y: Truths, scores: NDArray[np.float64]) -> Values:
    """Return how well each row's labels stand above the others, (rows,): label ranking average precision.

    Tsoumakas, Katakis, Vlahavas 2010, "Mining multi-label data": the mean over a row's labels of the share of true ones
    among those that score as high or higher; 1 where a row has none or all.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked, true = np.take_along_axis(scores, order, axis=1), np.take_along_axis(y, order, axis=1)
    width = y.shape[1]
    ends = np.concatenate([np.diff(ranked, axis=1) != 0, np.ones((len(y), 1), bool)], axis=1)  # of equal scores
    places = np.where(ends, np.arange(width), width)
    last = np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]  # (rows, labels): those that score as high count
    above = np.take_along_axis(true.cumsum(axis=1), last, axis=1)
    counts = true.sum(axis=1)
    shares = ratio((true * above / (last + 1)).sum(axis=1), counts, 1.0)
    return np.where(counts == width, 1.0, shares)


def _of_given(y: Truths, given: Truths, weights: Weights) -> Judged:
    hit, said, true = (weights @ each for each in (y & given, given, y))  # (times, labels)
    f1 = ratio(2 * hit, true + said, 0.0)
    return {
        "micro_f1": ratio(2 * hit.sum(axis=1), (true + said).sum(axis=1), 0.0),
        "macro_f1": mean_over(f1, true + said > 0),
        "exact": weights @ (y == given).all(axis=1) / weights.sum(axis=1),
    }


def _of_areas(y: Truths, scores: NDArray[np.float64], weights: Weights) -> Judged:
    pairs = [(y[:, at], scores[:, at]) for at in range(y.shape[1]) if y[:, at].any()]
    roc, precision = areas_over((roc_area, precision_area), pairs, weights)
    return {"roc_auc": roc, "pr_auc": precision}


def _best_area(y: Truths, scores: NDArray[np.float64], weights: Weights) -> Values:
    counts = y.sum(axis=0)
    enough = np.flatnonzero((counts >= FEW_ROWS) & (len(y) - counts >= FEW_ROWS)).tolist()
    areas = [areas_over((roc_area,), [(y[:, at], scores[:, at])], weights)[0] for at in enough]
    return np.max(np.nan_to_num(areas), axis=0) if areas else np.zeros(len(weights))
