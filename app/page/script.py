"""All modules of the page as one script: one request in the place of forty, and two thirds of their bytes.

    dom.js ─┐                                    const page = {};
    words.js ├─ order of imports ─ each in a ─>  page["dom.js"] = (() => { …; return { h, show }; })();
    main.js ─┘                      function     …

Nothing is renamed: lines lose their indentation, and comments that have a line of their own are left out. What one
module imports of another is taken of `page`; a module that is in none of the files (a type's of another package) is
fetched from beside the script. The forms that modules may write are few, and any other is refused.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping

ENTRY = "main.js"  # runs when all others are there, since it takes some by their names

START = """const page = {};
const importer = (folder) => async (path) => {
const name = new URL(path, `page:///${folder}`).pathname.slice(1);
return page[name] ?? import(`./${name}`);
};
"""
IMPORT = re.compile(
    r"""^import (?:\{([^}]*)\}|\* as (\w+)) from "(\.{1,2}/[^"]+)";[^\S\n]*(?://[^\n]*)?$""", re.MULTILINE
)
EXPORT = re.compile(r"^export (default )?(const|class|(?:async )?function\*?)( *\w*)", re.MULTILINE)
OTHER = re.compile(r"^(?:import|export|let [^;]*= await|await)\b.*", re.MULTILINE)
ALIAS, RENAMED = re.compile(r"(\w+) as (\w+)"), r"\1: \2"  # of an import, and of what it becomes
DEFAULT = "sole"  # the name of what has none and is exported as the default


def script(modules: Mapping[str, str]) -> str:
    """Return one script of the modules, text by path; raises `ValueError` with what a module writes otherwise."""
    parts = [f'page["{path}"] = (($import) => {{\n{_body(path, modules[path])}}})(importer("{_folder(path)}"));\n'
             for path in ordered(modules)]  # fmt: skip
    return START + "".join(parts)


def ordered(modules: Mapping[str, str]) -> list[str]:
    """Return the paths, each behind those that it imports; raises `ValueError` where they go in a circle."""
    done: dict[str, None] = {}

    def visit(path: str, way: tuple[str, ...]) -> None:
        if path in way:
            raise ValueError(f"{' -> '.join([*way, path])}: expected imports that end.")
        if path not in modules:
            raise ValueError(f"{way[-1]}: expected an import of a module that there is. Received: {path}.")
        if path not in done:
            for _, _, name in IMPORT.findall(modules[path]):
                visit(_resolved(path, name), (*way, path))
            done[path] = None

    for path in sorted(modules, key=lambda path: (path == ENTRY, path)):
        visit(path, ())
    return list(done)


def _body(path: str, text: str) -> str:
    """Return a module as the inside of a function that returns what it exports."""
    exported: dict[str, str] = {}

    def taken(found: re.Match[str]) -> str:
        names, whole, name = found.groups()
        wanted = whole or f"{{{ALIAS.sub(RENAMED, names)}}}"
        return f'const {wanted} = page["{_resolved(path, name)}"];'

    def given(found: re.Match[str]) -> str:
        default, form, name = found.groups()
        name = name.strip() or DEFAULT
        exported["default" if default else name] = name
        return f"{form} {name}"

    inner = EXPORT.sub(given, IMPORT.sub(taken, text))
    if other := OTHER.search(inner):
        raise ValueError(f"{path}: expected imports and exports of the usual forms. Received: {other.group()[:80]}")
    names = ", ".join([name if key == name else f"{key}: {name}" for key, name in exported.items()])
    inner = re.sub(r"\bimport\(", "$import(", "".join(_short(inner)))
    return f"{inner}return {{ {names} }};\n"


def _short(text: str) -> Iterator[str]:
    """Yield the lines without indentation and comments, but for those within a text that goes over several."""
    within = False
    for line in text.splitlines():
        bare = line if within else line.strip()
        if bare and (within or not bare.startswith("//")):
            within ^= bare.count("`") % 2 == 1
            yield f"{bare}\n"


def _resolved(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _folder(path: str) -> str:
    folder = posixpath.dirname(path)
    return f"{folder}/" if folder else ""
