"""Columns that options name: they must be there, and be of types that there are.

It knows nothing about what stands in the columns.
"""

import difflib
from collections.abc import Sequence

from training.data.roles import roles
from training.errors import DataError
from training.features.registry import FEATURES, broadest
from training.options.rooms import DataOptions


def check_columns(columns: Sequence[str], chosen: DataOptions) -> None:
    """Refuse a target or a named column that is not there, with a DataError that lists those that are."""
    there, typed = ", ".join(columns), _named(chosen)
    _check_targets(columns, chosen.targets, there)
    asked = [("`--drop`, `--categorical`", (*chosen.drop, *chosen.categorical)), ("`--type`", typed)]
    asked += [(f"`{role.flag}`", (role.column,)) for role in roles(chosen).values()]
    for flags, names in asked:
        for name in names:
            if name not in columns:
                raise DataError(f"{flags}: expected one of the columns: {there}. Received: {name!r}.")
            if name in chosen.targets:
                raise DataError(f"{flags}: expected another column. Received: {name!r}, which is the target.")
    for name, type_ in typed.items():
        if type_ not in FEATURES:
            raise DataError(f"`--type`: expected {name}= one of {', '.join(FEATURES)}. Received: {type_!r}.")


def _check_targets(columns: Sequence[str], targets: Sequence[str], there: str) -> None:
    if not targets:
        raise DataError(f"`--target`: expected one of the columns: {there}. Received: nothing.")
    joined = ", ".join(targets)
    if len(set(targets)) < len(targets) or (len(targets) > 1 and joined in columns):
        raise DataError(f"`--target`: expected different columns, each once. Received: {joined}.")
    for target in targets:
        if target in columns:
            continue
        near = difflib.get_close_matches(target.lower(), [name.lower() for name in columns], n=1)
        meant = next((f" Is it {name!r}?" for name in columns if name.lower() in near), "")
        raise DataError(f"`--target`: expected one of the columns: {there}. Received: {target!r}.{meant}")


def wished_types(chosen: DataOptions) -> dict[str, str]:
    """Return the types that columns were given by a person."""
    return {**dict.fromkeys(chosen.categorical, broadest().name), **_named(chosen)}


def _named(chosen: DataOptions) -> dict[str, str]:
    """Return what each `--type NAME=TYPE` says; a name may hold the sign itself."""
    pairs = (word.rpartition("=") for word in chosen.types)
    return {name: type_ for name, _, type_ in pairs}
