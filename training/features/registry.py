"""The types of features by name: where each is, resolved when it is first asked for, and the options that it brings.

A type is added by a module or folder and a line here; two may share options. Nothing here imports pandas or TensorFlow.
"""

from collections.abc import Iterable
from functools import cache
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from training.options import Options
from training.options.declare import Member

if TYPE_CHECKING:
    from app.sources.tally import Tally, Verdict
    from training.features.base import FeatureType

NUMBER_OPTIONS = "training.features.options:NumberOptions"

FEATURES = {
    "number": Member("training.features.number:Number", NUMBER_OPTIONS),
    "boolean": Member("training.features.boolean:Boolean", NUMBER_OPTIONS),
    "date": Member("training.features.date:Date", NUMBER_OPTIONS),
    "category": Member("training.features.category.category:Category", "training.features.options:CategoryOptions"),
    "text": Member("training.features.text.text:Text", "training.features.text.options:TextOptions"),
}


def feature_type(name: str) -> "FeatureType":
    """Return a type by its name."""
    return _resolved(FEATURES[name].where)


def feature_types() -> "list[FeatureType]":
    """Return all types, the one that takes everything last."""
    return sorted(map(feature_type, FEATURES), key=lambda type_: type_.takes_everything)


def recognise(tally: "Tally", verdict: "Verdict") -> "FeatureType | None":
    """Return the type that is surest of a column, the first of those that are as sure; None where none takes it."""
    surest = max(feature_types(), key=lambda type_: type_.certainty(tally, verdict))
    return surest if surest.certainty(tally, verdict) else None


def broadest() -> "FeatureType":
    """Return the type that takes everything, as text."""
    return feature_types()[-1]


def ranked(names: Iterable[str]) -> list[str]:
    """Return names of types in the order of the registry."""
    return sorted(names, key=list(FEATURES).index)


def own_options(type_: "FeatureType", options: Options) -> Any:
    """Return what a person chose about a type; None where it brings no options."""
    room = FEATURES[type_.name].room
    return None if room is None else options.own(room)


@cache
def _resolved(where: str) -> "FeatureType":
    made: FeatureType = resolve_name(where)()
    return made
