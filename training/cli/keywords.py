"""Keywords: options as keyword arguments of Python, checked as the command line checks them.

    epochs=0 ─> --epochs=0 ─ the parser of the command ─> Options, or its message

A list may stand where the command line divides words by commas, so that a name may hold one. It knows no option by
name.
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from typer.exceptions import TyperException

from training.cli import generated
from training.cli.train import app
from training.errors import DataError
from training.options import Options, by_name
from training.options.declare import Declared


def options_of(data: Path, values: Mapping[str, Any]) -> Options:
    """Return the options; a TypeError says that there is none of a name, a DataError that a value does not fit."""
    known = {name: one for name, one in by_name().items() if not one.words.argument}
    for name in values:
        if name not in known:
            raise TypeError(_unknown(name, known))
    words = [word for name, value in values.items() for word in _words(known[name], value)]
    try:
        options = generated.parse(app, [*words, "--", str(data)])
    except TyperException as error:
        raise DataError(error.format_message()) from error
    return options.changed(**{name: tuple(value) for name, value in values.items() if _is_whole(known[name], value)})


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0)
    return f"train() got an unexpected keyword argument {name!r}. Is it {near[0]!r}?"


def _words(one: Declared, value: Any) -> list[str]:
    """Write one keyword argument as on the command line."""
    if value is None or _is_whole(one, value):
        return _without(one, value)
    if one.type in (bool, bool | None):
        return _switch(one, value)
    if one.words.repeated:
        return [f"{one.flag}={each}" for each in ([value] if _is_one(value) else value)]
    return [f"{one.flag}={value if _is_one(value) else ','.join(map(str, value))}"]


def _without(one: Declared, value: Any) -> list[str]:
    """Return nothing; refuse None where that says nothing."""
    if value is None and one.default is not None:
        raise DataError(f"`{one.flag}`: expected a value. Received: None.")
    return []


def _switch(one: Declared, value: Any) -> list[str]:
    if value not in (True, False):
        raise DataError(f"`{one.flag}`: expected True or False. Received: {value!r}.")
    return [] if value == one.default else one.flags(bool(value))


def _is_whole(one: Declared, value: Any) -> bool:
    """Say whether a list of words is taken as it is: the command line would divide them, or strip them."""
    listed = one.type == tuple[str, ...] and not one.words.repeated and not _is_one(value)
    return listed and all(isinstance(each, str) for each in value)


def _is_one(value: Any) -> bool:
    return isinstance(value, str) or not isinstance(value, Iterable)
