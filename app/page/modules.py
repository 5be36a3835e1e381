"""The page's modules of types that other packages bring, found by what the registries say and nothing else.

    features: "track": "parks.served_track:Tracks"  ─>  parks/page/features/track.js
    answers:  "places": "parks.places:Places"       ─>  parks/page/answers/places.js

Files beside them are found, too, so that a module may be cut in two. No type's Python module is imported for it.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from app.answers.registry import ANSWERS
from app.features.registry import FEATURES

KINDS: Mapping[str, Mapping[str, str]] = {"features": FEATURES, "answers": ANSWERS}


def found() -> dict[str, Path]:
    """List the modules of all packages by their address; that of a type comes before those that stand beside others."""
    folders = [(kind, name, _folder(where, kind)) for kind, types in KINDS.items() for name, where in types.items()]
    beside = {f"{kind}/{file.name}": file for kind, _, folder in folders for file in folder.glob("*.js")}
    own = {f"{kind}/{name}.js": folder / f"{name}.js" for kind, name, folder in folders}
    return beside | {address: file for address, file in own.items() if file.is_file()}


def _folder(where: str, kind: str) -> Path:
    """Return where the page's modules lie beside a Python module, if there are any."""
    spec = find_spec(where.partition(":")[0])
    return Path((spec and spec.origin) or "/nowhere").parent / "page" / kind
