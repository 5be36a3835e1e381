"""How far each feature, and the prediction, has moved: counts of a version's bins -> a verdict each.

    judge(table, counts)    those of the prediction first, then of the features that moved most

It knows neither files nor metrics.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.bins.layout import MISSING, UNSEEN
from app.drift.counts import DRIFTED, MIN_ROWS, MOVED, Column, Counts, Table, psi


@dataclass(frozen=True)
class Verdict:
    """How far one feature, or the prediction, has moved."""

    kind: str
    feature: str
    psi: float
    verdict: str
    missing: float | None  # shares of the rows; None where there is no such thing
    unseen: float | None
    out_of_range: float | None
    bins: Mapping[str, Mapping[str, float]]  # bin -> the shares of training and of the rows


def judge(table: Table, counts: Counts) -> list[Verdict]:
    """Say how far each feature has moved; the prediction first, then those that moved most."""
    features = [_verdict(each, counts, float(counts.out_of_range[at])) for at, each in enumerate(table.features)]
    prediction = [_verdict(table.prediction, counts, 0.0)] if counts.predictions else []
    return [*prediction, *sorted(features, key=lambda found: -found.psi)]


def _verdict(column: Column, counts: Counts, out_of_range: float) -> Verdict:
    found = counts.values[column.place]
    rows = float(found.sum())
    training = dict(zip(column.layout.names, column.layout.shares, strict=True))
    shares = dict(zip(training, (found / max(rows, 1)).tolist(), strict=True))
    index = psi(column.layout.shares, found) if rows else 0.0  # of a side of what was always missing
    feature = column.kind == "feature"
    return Verdict(
        kind=column.kind,
        feature=column.name,
        psi=index,
        verdict=_word(index, min(rows, counts.rows if feature else rows)),  # of words there are more
        missing=shares.get(MISSING) if feature else None,
        unseen=shares.get(UNSEEN) if feature else None,
        out_of_range=out_of_range / rows if feature and column.layout.ranged else None,
        bins={name: {"training": share, "rows": shares[name]} for name, share in training.items()},
    )


def _word(index: float, rows: float) -> str:
    if rows < MIN_ROWS:
        return "too few rows"
    return "drifted" if index > DRIFTED else "moved" if index >= MOVED else "steady"
