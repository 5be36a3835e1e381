"""Opponents: the models of scikit-learn that a network must stand beside.

    linear      a linear model of standardised numbers and one column a value
    boosting    HistGradientBoosting with its defaults

A task names those that are serious for it, the strongest last. It knows nothing about features or how they are judged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Literal

LINEAR, BOOSTING = "linear", "hist_gradient_boosting"  # in the manifest and on the card


@dataclass(frozen=True)
class Opponent:
    """A model of scikit-learn that is fitted on the same rows."""

    name: str
    title: str  # where there is little room
    sentence: str  # in the middle of one
    form: Literal["scaled", "ordinal"]  # how it wants the features
    make: Callable[[Sequence[bool], int], Any]  # which columns are categories, and a seed -> the model


def linear(where: str, **options: Any) -> Opponent:
    """Return a linear model: "module:Class", imported when it is fitted, and what it is made with."""
    return Opponent(LINEAR, "linear model", "a linear model", "scaled", lambda _, __: resolve_name(where)(**options))


def boosting(where: str) -> Opponent:
    """Return HistGradientBoosting of some kind: "module:Class"."""

    def make(categorical: Sequence[bool], seed: int) -> Any:
        return resolve_name(where)(categorical_features=list(categorical), random_state=seed)

    return Opponent(BOOSTING, "boosting", "scikit-learn's HistGradientBoosting", "ordinal", make)
