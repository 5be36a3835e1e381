"""The types of features by name; a member is a module and a line here.

read(data)           one of the manifest's `features` ─> the keys of its type
types_of(features)   all of them ─> a FeatureType for each type that occurs, whose module is imported now
"""

from collections.abc import Sequence
from pkgutil import resolve_name

import msgspec

from app.features.base import Feature, FeatureType

FEATURES = {
    "number": "app.features.number:Numbers",
    "boolean": "app.features.boolean:Booleans",
    "category": "app.features.category:Categories",
    "date": "app.features.date_type:Dates",
    "text": "app.features.text:Texts",
}


def read(data: bytes | msgspec.Raw) -> Feature:
    """Read the keys of a feature; raises `ValueError`, naming the key, what was expected of it and what was found."""
    try:
        type_ = msgspec.json.decode(data, type=Feature).type
        return msgspec.json.decode(data, type=_class(type_).form)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def types_of(features: Sequence[Feature]) -> list[FeatureType]:
    """Return the types in the order in which they first occur; raises `ValueError` where features do not fit."""
    by_type: dict[str, list[Feature]] = {}
    for feature in features:
        by_type.setdefault(feature.type, []).append(feature)
    return [_class(name)(members) for name, members in by_type.items()]


def _class(name: str) -> type[FeatureType]:
    if name not in FEATURES:
        raise ValueError(f"expected a type of features, one of {', '.join(FEATURES)}. Received: {name:.80}")
    found: type[FeatureType] = resolve_name(FEATURES[name])
    return found
