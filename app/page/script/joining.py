"""Modules in the order of their imports, in one scope, under short names.

    dom.js ─┐                                    function a(b,c){…}
    words.js ├─ order of imports ─ short names ─>  const d=…;
    main.js ─┘                                   const $page={"sections/try.js":{default:e},…};

It knows no module and no type but by its path.
"""

import posixpath
from collections.abc import Mapping

from app.page.script.module import Module, imports, read
from app.page.script.names import Role
from app.page.script.shorten import Shorts
from app.page.script.writing import write

ENTRY = "main.js"  # runs when all others are there, since it takes some by their names

IMPORTER = """const $import=async(folder,path)=>{
const name=new URL(path,`page:///${folder}`).pathname.slice(1);
return $page[name]??import(`./${name}`)};
"""


def script(modules: Mapping[str, str]) -> str:
    """Return one script of the modules, text by path; raises `ValueError` with what a module writes otherwise."""
    read_ones = [read(path, modules[path]) for path in ordered(modules)]
    shorts = Shorts(read_ones)
    texts = [_written(one, shorts) for one in read_ones]
    taken = {path for path in modules for path in imports(path, modules[path])}
    page = f"const $page={{{','.join(_object(one, shorts) for one in read_ones if _is_taken_by_name(one, taken))}}};\n"
    return "".join([IMPORTER, *(f"{text}\n" for text in texts[:-1]), page, *texts[-1:], "\n"])


def ordered(modules: Mapping[str, str]) -> list[str]:
    """Return the paths, each behind those that it imports; raises `ValueError` where they go in a circle."""
    done: dict[str, None] = {}

    def visit(path: str, way: tuple[str, ...]) -> None:
        if path in way:
            raise ValueError(f"{' -> '.join([*way, path])}: expected imports that end.")
        if path not in modules:
            raise ValueError(f"{way[-1]}: expected an import of a module that there is. Received: {path}.")
        if path not in done:
            for name in imports(path, modules[path]):
                visit(name, (*way, path))
            done[path] = None

    for path in sorted(modules, key=lambda path: (path == ENTRY, path)):
        visit(path, ())
    return list(done)


def _written(one: Module, shorts: Shorts) -> str:
    texts = list(one.tokens.texts)
    for name, places in one.names.top.items():
        for at, role in places:
            if space := one.spaces.get(name):
                texts[at] = shorts.exported(one.path, space, texts[at + 1][1:])
                texts[at + 1] = ""
            else:
                texts[at] = _called(texts[at], shorts.of(one, name), role)
    for slot, places in enumerate(one.names.within):
        for at, role in places:
            texts[at] = _called(texts[at], shorts.within(slot), role)
    folder = posixpath.dirname(one.path)
    for at, text in enumerate(texts):
        if text == "import" and texts[at + 1] == "(":
            texts[at], texts[at + 1] = "$import", f'("{folder}/",' if folder else '("",'
    return write(one.tokens, texts)


def _called(name: str, short: str, role: Role) -> str:
    return f"{name}:{short}" if role is Role.SHORTHAND else short


def _is_taken_by_name(one: Module, imported: set[str]) -> bool:
    """Tell whether a module may be asked for at run time: nobody imports it, or it stands in a folder."""
    return one.path != ENTRY and (one.path not in imported or "/" in one.path)


def _object(one: Module, shorts: Shorts) -> str:
    members = ",".join(f"{given}:{shorts.of(one, name)}" for given, name in one.gives.items())
    return f'"{one.path}":{{{members}}}'
