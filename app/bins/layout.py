"""How the bins of one feature, or of the prediction, are laid out: their names, and training's share in each.

    bins of a type ── layout ──> Layout ── a place in the array of the version ──> Counted

`app.bins.number` and `app.bins.category` are the two forms that there are. It knows neither features nor answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

MISSING, OTHER, UNSEEN = "missing", "other", "unseen"
LABEL_MAX_CHARS = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Names and training shares, one a bin."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    ranged: bool = False  # training had a minimum and a maximum: values beyond them are counted, too


@dataclass(frozen=True)
class Counted:
    """A feature that is counted, and where."""

    bins: Any  # of its type
    start: int  # of its bins among those of the version
    place: int  # among the features that are counted


class _Kind(msgspec.Struct, frozen=True):
    kind: str


def decode(data: bytes | msgspec.Raw, form: type[Any]) -> Any:
    """Read bins of a form, a Struct whose tag is its `kind`; raises `ValueError` with what is wrong with them."""
    try:
        kind, wanted = msgspec.json.decode(data, type=_Kind).kind, form.__struct_config__.tag
        if kind != wanted:
            raise ValueError(f"expected the kind {wanted}. Received: {kind:.80}")
        bins = msgspec.json.decode(data, type=form)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    bins.check()
    return bins


def distinct(values: Iterable[str]) -> list[str]:
    """Name the bins of values: a value that is called `other` is not all others, and long ones are cut."""
    names: list[str] = []
    for number, value in enumerate(values, 1):
        name = value if len(value) <= LABEL_MAX_CHARS else f"{value[:LABEL_MAX_CHARS]}… ({number})"
        while name in (MISSING, OTHER, UNSEEN) or name in names:
            name = f'"{name}"'
        names.append(name)
    return names


def check_shares(shares: Iterable[float], atol: float = 1e-6) -> None:
    """Raise `ValueError` unless shares sum to one, as far as double precision divides."""
    found = list(shares)
    if not all(0 <= share <= 1 for share in found) or abs(sum(found) - 1) > atol:
        raise ValueError(f"expected shares of 0 to 1 that sum to one. Received: a sum of {sum(found):g}")
