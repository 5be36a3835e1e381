"""Where models lie in a folder, and where they lie although none is looked for there.

    survey(settings)    each model's folder ─> each version ─> `load`, in a child first ─> Finding: served, left out,
                        NOT SERVED

The registry passes over what is no version folder; here it is said, because somebody may wait for it to be served.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.bundle import reader as bundles
from app.bundle.manifest import NAME_PATTERN
from app.errors import BundleError
from app.printable import bounded
from app.repository.child_load import ChildLoad, ChildRefusal
from app.runtime.model import Model, load
from app.settings import Settings
from app.version_policy import Policy

State = Literal["served", "left out", "NOT SERVED"]


@dataclass(frozen=True)
class Finding:
    """What became of one folder."""

    name: str  # "model/1", or the path below the folder of models
    state: State
    reason: str = ""  # why it is not served
    model: Model | None = None


def survey(settings: Settings) -> Iterator[Finding]:
    """Load every version that the settings ask for, and find what is not where it should be."""
    root = settings.models
    try:
        entries = _entries(root)
    except OSError as error:
        yield _wrong(str(root), f"Expected a folder of models. Received: {error.strerror}.")
        return
    served: list[Model] = []
    for entry in entries:
        for finding in _model(root, entry, settings) if entry.is_dir() else _misplaced(root, entry):
            served += [finding.model] if finding.model is not None else []
            yield finding
    if not served:
        yield _wrong(str(root), f"Expected a model in {root.absolute()}/<name>/<version>/. Received: none to serve.")
    yield from _dangling(settings, served)


def _model(root: Path, folder: Path, settings: Settings) -> Iterator[Finding]:
    named = re.fullmatch(NAME_PATTERN, folder.name) is not None
    try:
        entries, versions = _entries(folder), bundles.versions(folder)
    except OSError as error:
        if named:
            yield _wrong(folder.name, f"Expected a folder that can be read. Received: {error.strerror}.")
        return
    except BundleError as error:
        yield _wrong(folder.name, str(error))
        return
    if named:
        if not entries:
            yield _wrong(folder.name, f"Expected a version in {folder}/1/. Received: an empty folder.")
        yield from _strays(root, entries, versions)
        yield from _versions(folder, versions, settings)
    elif versions or any(_holds_model(entry) for entry in entries):
        expected = "a name of letters, digits, dots, dashes and underscores that begins with a letter or digit"
        yield _wrong(folder.name, f"Expected {expected}. Received: `{folder.name}`. Rename the folder.")


def _strays(root: Path, entries: list[Path], versions: list[int]) -> Iterator[Finding]:
    """Find what lies in a model's folder and in none of its versions."""
    strays = [entry for entry in entries if _holds_model(entry) and entry.name not in map(str, versions)]
    for entry in entries:
        yield from _misplaced(root, entry)
    for stray in strays:
        expected = "a version, a whole number from 1 without leading zeros"
        yield _wrong(f"{stray.parent.name}/{stray.name}", f"Expected {expected}. Received: `{stray.name}`. Rename it.")


def _versions(folder: Path, versions: list[int], settings: Settings) -> Iterator[Finding]:
    """Load what the settings ask for, whether it is there or not."""
    chosen = Policy(settings.versions).choose(folder.name, versions) if versions else set()
    for version in sorted({*versions, *chosen}):
        if version in chosen:
            yield _load(folder / str(version), settings)
        else:
            reason = f"`--versions {settings.versions}` does not ask for it; `--versions all` would."
            yield Finding(f"{folder.name}/{version}", "left out", reason)


def _load(folder: Path, settings: Settings) -> Finding:
    name = f"{folder.parent.name}/{folder.name}"
    try:
        return Finding(name, "served", model=load(folder, settings, _tried(folder, settings)))
    except BundleError as error:
        return _wrong(name, str(error))
    except Exception as error:
        return _wrong(name, f"{folder}: {type(error).__name__}: {error}")


def _tried(folder: Path, settings: Settings) -> str | None:
    """Load it in a process of its own first, as a service does: whatever ends that one is told here."""
    if not settings.load_in_child:
        return None
    child = ChildLoad(folder, settings)
    timer = threading.Timer(settings.load_timeout_s, child.end)
    timer.daemon = True
    timer.start()
    try:
        return child.verdict().content_sha256
    except ChildRefusal as error:
        if timer.finished.is_set():
            expected = f"a load within {settings.load_timeout_s:g} s (SLIPWAY_LOAD_TIMEOUT_S)"
            raise BundleError(f"{folder}: expected {expected}. Received: none.") from error
        raise
    finally:
        timer.cancel()


def _misplaced(root: Path, file: Path) -> Iterator[Finding]:
    if _is_model(file):
        name = file.stem if file.parent == root else file.parent.name
        right = root / name / "1"
        order = f"mkdir -p {right} && mv {file} {right / (bundles.MODEL if file.suffix == '.onnx' else file.name)}"
        yield _wrong(str(file.relative_to(root)), f"Expected in a version folder, {right}/. Move it: {order}")


def _dangling(settings: Settings, served: list[Model]) -> Iterator[Finding]:
    """Find settings that name what is not served."""
    found = {(model.name, model.version) for model in served}
    default = settings.default_model
    if default is not None and default not in {name for name, _ in found}:
        yield _wrong("--default-model", f"Expected a model that is served. Received: `{default}`.")
    labels = [(name, *each) for name, its in settings.labels.items() for each in its.items()]
    named = [
        *[(f"--labels {label}", name, version) for name, label, version in labels],
        *[("--canary", name, canary.version) for name, canary in settings.canary.items()],
        *[("--shadow", name, shadow.version) for name, shadow in settings.shadow.items()],
    ]
    for option, name, version in named:
        if (name, version) not in found:
            yield _wrong(option, f"Expected a version that is served. Received: {name}/{version}.")


def _entries(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _is_model(file: Path) -> bool:
    return file.is_file() and (file.suffix == ".onnx" or file.name == bundles.MANIFEST)


def _holds_model(folder: Path) -> bool:
    """A link to a version beside it, as `latest` may be, is none of its own."""
    if not folder.is_dir() or (folder.is_symlink() and folder.resolve().parent == folder.parent.resolve()):
        return False
    try:
        return any(_is_model(entry) for entry in _entries(folder))
    except OSError:  # nobody who may not read it can mean it to be served
        return False


def _wrong(name: str, reason: str) -> Finding:
    return Finding(name, "NOT SERVED", bounded(reason))
