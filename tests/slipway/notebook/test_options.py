"""The options that a type checker sees are those that are declared; `python -m tests.slipway.notebook.test_options`."""

import textwrap
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from tests.support.serving import ROOT
from training.options import by_name
from training.options.declare import Declared

FILE = ROOT / "slipway" / "notebook" / "options.py"
NAMED = {"data", "target", "name", "models"}  # parameters of their own
HEAD = '''"""The options of `train` for type checkers: written from their declarations by its test.

The checks of values are those of the command line; nothing here runs.
"""

from collections.abc import Iterable
from os import PathLike
from typing import Literal, TypedDict


class TrainOptions(TypedDict, total=False):
    """The options of `slipway train`."""
'''


def written() -> str:
    lines = [HEAD]
    for name, one in by_name().items():
        if name not in NAMED:
            lines += textwrap.wrap(one.words.help, 110, initial_indent="    # ", subsequent_indent="    # ")
            lines.append(f"    {name}: {annotation(one)}")
    return "\n".join(lines) + "\n"


def annotation(one: Declared) -> str:
    """What Python may give: lists where the command line divides or repeats words."""
    kind = one.type
    if get_origin(kind) is tuple:
        each = get_args(kind)[0].__name__
        return f"str | Iterable[{each}]"
    if one.words.read is not None:
        return "str | float"
    return shown(one.allowed)


def shown(kind: Any) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        return " | ".join(map(shown, get_args(kind)))
    if get_origin(kind) is Literal:
        return "Literal[" + ", ".join([f'"{each}"' for each in get_args(kind)]) + "]"
    return {Path: "str | PathLike[str]", type(None): "None"}.get(kind) or kind.__name__


def test_the_options_are_those_that_are_declared() -> None:
    assert FILE.read_text() == written(), "write them anew with: python -m tests.slipway.notebook.test_options"


if __name__ == "__main__":
    FILE.write_text(written())
