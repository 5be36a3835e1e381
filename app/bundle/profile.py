"""What training looked like, in bins: `profile.json`, checked against its own rules and the manifest's.

    read(data, where, features, answer)    bytes ─> Profile, or None where nothing was profiled

The bins of a feature are of its type's own form, those of the prediction of the answer's. `docs/bundle.md` is the
specification. It knows nothing of traffic; `app.drift.counts` counts that.
"""

from collections.abc import Callable
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
    """Read a profile; an empty object says that nothing was profiled. Raises `BundleError` with what is wrong."""
    try:
        if not msgspec.json.decode(data, type=dict[str, msgspec.Raw]):
            return None
        written = msgspec.json.decode(data, type=_Written)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{where}: {error}.") from error
    if unknown := sorted(written.features.keys() - set(features.names)):
        raise BundleError(f"{where}: expected features of the manifest. Received: `{unknown[0]}`.")
    forms = {name: features.type_of(name).bins for name in written.features}
    bins = {name: _bins(raw, forms[name], f"{where}: `features.{name}`") for name, raw in written.features.items()}
    prediction = _bins(written.prediction, answer.bins, f"{where}: `prediction`", answer.check_bins)
    return Profile(rows=written.rows, features=bins, prediction=prediction)


def _bins(raw: msgspec.Raw, form: type[Any], where: str, check: Callable[[Any], None] | None = None) -> Any:
    try:
        bins = decode(raw, form)
        if check is not None:
            check(bins)
    except ValueError as error:
        raise BundleError(f"{where}: {error}.") from error
    return bins
