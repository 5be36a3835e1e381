"""What training looked like, in bins: `profile.json`, checked against its own rules and the manifest's.

    read(data, where, features, answer)    bytes ─> Profile, or None where nothing was profiled

The bins of a feature are of its type's own form, those of the prediction of the answer's. `docs/bundle.md` is the
specification. It knows nothing of traffic; `app.drift.counts` counts that.
"""

from pathlib import Path
from typing import Any

import msgspec

from app.answers.base import AnswerType
from app.bins.layout import decode
from app.errors import BundleError
from app.features.feature_set import FeatureSet


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`profile.json`: of so many training rows, the share in each bin."""

    rows: int
    features: dict[str, Any]
    prediction: Any


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """The bins unread."""

    rows: int
    features: dict[str, msgspec.Raw]
    prediction: msgspec.Raw


def read(data: bytes, where: Path, features: FeatureSet, answer: AnswerType) -> Profile | None:
    """Read a profile; an empty object says that nothing was profiled.

    Raises:
        BundleError: naming the file, what was expected of it and what was found.
    """
    try:
        if not msgspec.json.decode(data, type=dict[str, msgspec.Raw]):
            return None
        written = msgspec.json.decode(data, type=_Written)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{where}: {error}.") from error
    bins = {name: _feature(name, raw, where, features) for name, raw in written.features.items()}
    return Profile(rows=written.rows, features=bins, prediction=_prediction(written.prediction, where, answer))


def _feature(name: str, raw: msgspec.Raw, where: Path, features: FeatureSet) -> Any:
    if name not in features.names:
        raise BundleError(f"{where}: expected features of the manifest. Received: `{name}`.")
    try:
        return decode(raw, features.type_of(name).bins)
    except ValueError as error:
        raise BundleError(f"{where}: `features.{name}`: {error}.") from error


def _prediction(raw: msgspec.Raw, where: Path, answer: AnswerType) -> Any:
    try:
        bins = decode(raw, answer.bins)
        answer.check_bins(bins)
    except ValueError as error:
        raise BundleError(f"{where}: `prediction`: {error}.") from error
    return bins
