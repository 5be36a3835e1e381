"""`index.html` as it is sent: its files by addresses that say their version, and every module that it will want.

    page/main.js ─> <prefix>/page/<digest>/main.js
    imports of main.js and of the sections ─> <link rel="modulepreload">, so that they are asked for at once

Where a proxy takes a prefix away and says which, addresses are absolute: the page is then right at /slipway as at
/slipway/. Else they are relative, and right behind any prefix that ends with a slash.
"""

import posixpath
import re

from app.page.assets import Asset, Version

IMPORT = re.compile(r"""^(?:import|export)\b[^"'`;]*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
ENTRY = "main.js"
SECTIONS = "sections/"  # which the entry takes by their names


def shell(version: Version, prefix: str = "") -> Asset:
    """Return the page's document; `prefix` is what a proxy takes away, empty where nobody says so."""
    at = f"{prefix}/page/{version.digest}/" if prefix else f"page/{version.digest}/"
    links = "".join([f'<link rel="modulepreload" href="{at}{path}">\n' for path in preloaded(version)])
    text = version.files["index.html"].plain.decode()
    return Asset.of(text.replace('="page/', f'="{at}').replace("<script", links + "<script", 1).encode(), ".html")


def preloaded(version: Version) -> list[str]:
    """List the modules that the page takes at its start, but for those of types, which depend on the model."""
    waiting = [ENTRY, *[path for path in version.files if path.startswith(SECTIONS)]]
    found: list[str] = []
    while waiting:
        path = waiting.pop(0)
        if path not in found and path in version.files:
            found.append(path)
            waiting += imports(version, path)
    return found


def imports(version: Version, path: str) -> list[str]:
    """List what a module imports at its top, as paths below `static/`."""
    named = IMPORT.findall(version.files[path].plain.decode())
    return [posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) for name in named]
