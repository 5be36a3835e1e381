"""Bundle: everything that serving needs -> `<models>/<name>/<version>/`, whole or not at all.

    contents ─ write into a hidden folder beside the final one ─ read back through app.bundle.reader ─ sign ─ rename

It knows nothing about how a model was made. `docs/bundle.md` is the specification.
"""

import hashlib
import json
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from app.bundle import reader
from app.bundle.manifest import FORMAT, NAME_PATTERN
from training.bundle.signing import Signer
from training.errors import DataError

WRITING = ".writing-"
STALE_S = 3600  # writing takes seconds

Files = Mapping[str, bytes]  # name -> content, without the manifest


def check_name(name: str) -> str:
    """Return the name of the model, or raise a DataError: it must fit a URL, a folder and a metric label."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise DataError(f"`--name`: expected letters, digits, '.', '_' and '-'. Received: {name!r}.")
    return name


def write(models: Path, name: str, manifest: Mapping[str, Any], files: Files, signer: Signer | None = None) -> Path:
    """Write the next version of a model and return its folder; a BundleError leaves nothing behind.

    `manifest` lacks `format`, `name`, `version` and `files`, which are added here; `signer` signs the whole.
    """
    parent = models / name
    parent.mkdir(parents=True, exist_ok=True)
    version = max(reader.versions(parent), default=0) + 1
    _sweep(parent)
    hidden = Path(tempfile.mkdtemp(prefix=WRITING, dir=parent))
    try:
        # The reader wants a folder that is called as the manifest says.
        folder = hidden / name / str(version)
        folder.mkdir(parents=True)
        _fill(folder, {"format": FORMAT, "name": name, "version": version, **manifest}, files)
        reader.read(folder)
        if signer is not None:
            signer.sign(folder)
        return folder.rename(parent / str(version))
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        with suppress(OSError):  # not empty, as it should be: then it stays
            parent.rmdir()


def written_since(models: Path, name: str, time_s: float, training: Mapping[str, Any]) -> Path | None:
    """Return the newest version if it was made after a time, and its manifest says the same of `training`.

    So a run that was killed after its last step does not write a version twice.
    """
    version = max(reader.versions(models / name), default=None) if (models / name).is_dir() else None
    if version is None:
        return None
    folder = models / name / str(version)
    made = reader.read(folder).manifest
    same = all(made.training.get(key) == value for key, value in training.items())
    return folder if same and datetime.fromisoformat(made.created).timestamp() >= int(time_s) else None


def to_json(content: Any, *, indent: int | None = None) -> bytes:
    """Encode for a file that people read too; NaN is refused."""
    return (json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _sweep(parent: Path) -> None:
    """Remove what killed runs left half written; a run that still writes would have ended by then."""
    for left in parent.glob(f"{WRITING}*"):
        if time.time() - left.stat().st_mtime > STALE_S:
            shutil.rmtree(left, ignore_errors=True)


def _fill(folder: Path, manifest: Mapping[str, Any], files: Files) -> None:
    listed = {}
    for name, content in files.items():
        (folder / name).write_bytes(content)
        listed[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / reader.MANIFEST).write_bytes(to_json({**manifest, "files": listed}, indent=1))
