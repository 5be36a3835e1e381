"""The bins of a version: profile.json, laid out one feature after another in one array.

    prediction_of(manifest, bins)       the prediction's, which come first
    features_of(manifest, profile, …)   those of the features, as many as there is room for
    Column                              the bins of one of them: names, training shares, and their place

It counts nothing; `app.drift.counts` does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.bundle.profile import Bins, CategoryBins, NumberBins, Profile
from app.bundle.reader import Feature, Manifest

VALUES_MAX = 30  # of a category: each is a time series
BINS_MAX = 2000  # of a version, likewise
LABEL_MAX_CHARS = 100
MISSING, OTHER, UNSEEN = "missing", "other", "unseen"

Kind = Literal["feature", "prediction"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One feature, or the prediction, in bins."""

    kind: Kind
    name: str
    bins: tuple[str, ...]  # their names
    shares: tuple[float, ...]  # of the training rows, one a bin
    start: int  # of its bins among those of the version
    tensor: str  # where its values are
    column: int
    edges: Floats | None  # of a number
    bounds: tuple[float, float] | None  # training's minimum and maximum
    known: Mapping[str, int]  # of a category: value -> bin

    @property
    def place(self) -> slice:
        return slice(self.start, self.start + len(self.bins))


def features_of(manifest: Manifest, profile: Profile, start: int) -> tuple[Column, ...]:
    """Lay the features' bins out after `start`, as many features as there is room for."""
    columns: list[Column] = []
    for feature in manifest.features:
        bins = profile.features.get(feature.name)
        if bins is None:
            continue
        column = _feature(feature, bins, start)
        if start + len(column.bins) > BINS_MAX:
            break
        columns.append(column)
        start += len(column.bins)
    return tuple(columns)


def _feature(feature: Feature, bins: Bins, start: int) -> Column:
    if isinstance(bins, NumberBins):
        names = (*_numbered(bins), MISSING)
        return _number("feature", feature.name, names, (*bins.shares, bins.missing), start, bins, feature)
    kept, folded = _frequent(bins)
    names = (*_distinct(list(kept)), OTHER, MISSING, UNSEEN)
    known = dict.fromkeys(feature.vocabulary or (), len(kept)) | dict.fromkeys(bins.values, len(kept))
    known |= {value: place for place, value in enumerate(kept)} | {"": len(kept) + 1}
    shares = (*kept.values(), bins.other + folded, bins.missing, bins.unseen)
    return Column("feature", feature.name, names, shares, start, feature.tensor, feature.column, None, None, known)


def prediction_of(manifest: Manifest, bins: Bins) -> Column:
    """The prediction's bins come first; it is never missing, and has no label that there is not."""
    if isinstance(bins, NumberBins):
        return _number("prediction", manifest.target, _numbered(bins), bins.shares, 0, bins, None)
    kept, folded = _frequent(bins)
    rest = len(kept) < len(bins.values)
    names = (*_distinct(list(kept)), *([OTHER] if rest else []))
    shares = (*kept.values(), *([folded] if rest else []))
    known = dict.fromkeys(bins.values, len(kept)) | {value: place for place, value in enumerate(kept)}
    return Column("prediction", manifest.target, names, shares, 0, "", 0, None, None, known)


def _number(
    kind: Kind,
    name: str,
    names: tuple[str, ...],
    shares: tuple[float, ...],
    start: int,
    bins: NumberBins,
    feature: Feature | None,
) -> Column:
    bounds = None if bins.minimum is None or bins.maximum is None else (bins.minimum, bins.maximum)
    tensor, column = ("", 0) if feature is None else (feature.tensor, feature.column)
    return Column(kind, name, names, shares, start, tensor, column, np.array(bins.edges, np.float64), bounds, {})


def _numbered(bins: NumberBins) -> tuple[str, ...]:
    return tuple([str(number) for number in range(1, len(bins.shares) + 1)])


def _frequent(bins: CategoryBins) -> tuple[dict[str, float], float]:
    """Return the most frequent values with their shares, in the order given, and the share of the others."""
    ranked = sorted(range(len(bins.values)), key=lambda place: -bins.shares[place])
    kept = {bins.values[place]: bins.shares[place] for place in sorted(ranked[:VALUES_MAX])}
    return kept, sum([bins.shares[place] for place in ranked[VALUES_MAX:]])


def _distinct(values: Iterable[str]) -> list[str]:
    """Name the bins of values: a value that is called `other` is not all others, and long ones are cut."""
    names: list[str] = []
    for number, value in enumerate(values, 1):
        name = value if len(value) <= LABEL_MAX_CHARS else f"{value[:LABEL_MAX_CHARS]}… ({number})"
        while name in (MISSING, OTHER, UNSEEN) or name in names:
            name = f'"{name}"'
        names.append(name)
    return names
