"""What training looked like, in bins: `profile.json`, checked against its own rules and the manifest's.

    decode(data, where)                      bytes ─> Profile, or None where nothing was profiled
    check(profile, where, features, labels)  bins that are none, or of features that there are not, are refused

`docs/bundle.md` is the specification. It knows nothing of traffic; `app.drift.counts` counts that.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from app.errors import BundleError

EDGES_MAX = 9  # deciles
SUM_ATOL = 1e-6  # of shares beside one: they were divided in double precision


class NumberBins(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="number"):
    """x is in bin i when edges[i-1] < x <= edges[i]."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]  # one more than edges
    missing: float
    minimum: float | None
    maximum: float | None


class CategoryBins(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="category"):
    """A bin for each of the frequent values, and three for all others."""

    values: tuple[str, ...]
    shares: tuple[float, ...]  # one a value
    other: float  # known to the model, but without a bin
    missing: float
    unseen: float = 0.0  # not in the model's vocabulary


Bins = NumberBins | CategoryBins


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`profile.json`: of so many training rows, the share in each bin."""

    rows: int
    features: dict[str, Bins]
    prediction: Bins


def decode(data: bytes, where: Path) -> Profile | None:
    """Read a profile; an empty object says that nothing was profiled.

    Raises:
        BundleError: naming the file, what was expected of it and what was found.
    """
    try:
        if not msgspec.json.decode(data, type=dict[str, msgspec.Raw]):
            return None
        return msgspec.json.decode(data, type=Profile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{where}: {error}.") from error


def check(profile: Profile, where: Path, features: Mapping[str, bool], labels: Sequence[str] | None) -> None:
    """Compare with the manifest, and the shares with one another.

    Args:
        profile: what was read.
        where: its file, for the message.
        features: each feature of the manifest, and whether it is a string.
        labels: those of a classifier.

    Raises:
        BundleError: naming the file, what was expected of it and what was found.
    """
    for name, bins in profile.features.items():
        if name not in features:
            raise BundleError(f"{where}: expected features of the manifest. Received: `{name}`.")
        _check_kind(bins, CategoryBins if features[name] else NumberBins, f"{where}: `features.{name}`")
        _check_bins(bins, f"{where}: `features.{name}`")
    prediction = profile.prediction
    _check_kind(prediction, NumberBins if labels is None else CategoryBins, f"{where}: `prediction`")
    _check_bins(prediction, f"{where}: `prediction`")
    if isinstance(prediction, CategoryBins) and set(prediction.values) != set(labels or ()):
        received = ", ".join(prediction.values)
        raise BundleError(f"{where}: `prediction.values`: expected the labels. Received: {received:.200}.")


def _check_kind(bins: Bins, wanted: type[Bins], where: str) -> None:
    if type(bins) is not wanted:
        kinds = {NumberBins: "number", CategoryBins: "category"}
        raise BundleError(f"{where}: expected the kind {kinds[wanted]}. Received: {kinds[type(bins)]}.")


def _check_bins(bins: Bins, where: str) -> None:
    if isinstance(bins, NumberBins):
        _check_edges(bins, where)
        rest, wanted = [bins.missing], len(bins.edges) + 1
    else:
        if len(set(bins.values)) != len(bins.values) or "" in bins.values:
            raise BundleError(f"{where}: expected unique values that are not empty. Received: others.")
        rest, wanted = [bins.other, bins.missing, bins.unseen], len(bins.values)
    if len(bins.shares) != wanted:
        raise BundleError(f"{where}: expected {wanted} shares. Received: {len(bins.shares)}.")
    _check_shares([*bins.shares, *rest], where)


def _check_edges(bins: NumberBins, where: str) -> None:
    edges = bins.edges
    if len(edges) > EDGES_MAX or list(edges) != sorted(set(edges)):
        raise BundleError(f"{where}: expected at most {EDGES_MAX} ascending edges. Received: {list(edges)!s:.200}.")
    least, most = bins.minimum, bins.maximum
    if (least is None) != (most is None) or (least is not None and most is not None and least > most):
        raise BundleError(f"{where}: expected minimum <= maximum. Received: {least} and {most}.")


def _check_shares(shares: Iterable[float], where: str) -> None:
    found = list(shares)
    if not all(0 <= share <= 1 for share in found) or not math.isclose(sum(found), 1, abs_tol=SUM_ATOL):
        raise BundleError(f"{where}: expected shares of 0 to 1 that sum to one. Received: a sum of {sum(found):g}.")
