"""One module as it is joined with others: its tokens, its names, what it imports and what it exports.

import { h } from "./dom.js";          takes: h of dom.js
import * as service from "./service.js";    spaces: service stands for service.js
export default function (subject) { … }     gives: default, by a name that it gets here
"""

import posixpath
import re
from dataclasses import dataclass

from app.page.script.names import Names, names
from app.page.script.tokens import Tokens, tokens

IMPORT = re.compile(
    r"""^import (?:\{([^}]*)\}|\* as (\w+)) from "(\.{1,2}/[^"]+)";[^\S\n]*(?://[^\n]*)?$""", re.MULTILINE
)
EXPORT = re.compile(r"^export (default )?(const|class|(?:async )?function\*?)( *\w*)", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export|let [^;]*= await|await)\b.*", re.MULTILINE)
DEFAULT = "sole"  # the name of what has none and is exported as the default


@dataclass(frozen=True)
class Module:
    """A module's text, read."""

    path: str
    tokens: Tokens
    names: Names
    takes: dict[str, tuple[str, str]]  # a name here: the module it is of, and what that exports it as
    spaces: dict[str, str]  # a name here: the module that it stands for as a whole
    gives: dict[str, str]  # what it exports: by which name it has it


def imports(path: str, text: str) -> list[str]:
    """Return the paths that a module imports from, in its order."""
    return [resolved(path, name) for _, _, name in IMPORT.findall(text)]


def read(path: str, text: str) -> Module:
    """Read a module; raises `ValueError` with what it writes otherwise than the page's modules do."""
    takes, spaces = _taken(path, text)
    inner, gives = _given(path, IMPORT.sub("", text))
    found = tokens(path, inner)
    own = names(path, found, {*takes, *spaces})
    _check(path, found, own, spaces)
    return Module(path, found, own, takes, spaces, gives)


def resolved(path: str, name: str) -> str:
    """Return the path that a module means by `./name`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _taken(path: str, text: str) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    takes: dict[str, tuple[str, str]] = {}
    spaces: dict[str, str] = {}
    for listed, whole, name in IMPORT.findall(text):
        if whole:
            spaces[whole] = resolved(path, name)
        for one in filter(None, map(str.strip, listed.split(","))):
            theirs, _, ours = one.partition(" as ")
            takes[ours or theirs] = (resolved(path, name), theirs)
    return takes, spaces


def _given(path: str, text: str) -> tuple[str, dict[str, str]]:
    gives: dict[str, str] = {}

    def given(found: re.Match[str]) -> str:
        default, form, name = found.groups()
        name = name.strip() or DEFAULT
        gives["default" if default else name] = name
        return f"{form} {name}"

    inner = EXPORT.sub(given, text)
    if other := OTHER.search(inner):
        raise ValueError(f"{path}: expected imports and exports of the usual forms. Received: {other.group()[:80]}")
    return inner, gives


def _check(path: str, found: Tokens, own: Names, spaces: dict[str, str]) -> None:
    """Refuse a module of which another is used otherwise than a member at a time."""
    for name in spaces:
        if any(found.at(at + 1)[:1] != "." for at, _ in own.top[name]):
            raise ValueError(f"{path}: expected `{name}.` with a name that it exports. Received: `{name}` by itself.")
