"""The models folder as it lies there: which versions it holds, and whether one has changed since the last look.

    look(root, choose)   each model's versions ─> those that are wanted ─> what each consists of
    content(folder)      where a version really is, and every file's size, time and inode

A look opens no file. Links are followed, so that a volume whose content is switched by a link (Kubernetes' `..data`,
git-sync) has changed when the link has. What the files hold is for `app.runtime.model.load` to verify.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from app.bundle import reader as bundles
from app.bundle.limits import MODELS_MAX
from app.bundle.manifest import NAME_PATTERN
from app.errors import BundleError

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")  # how a file is called while somebody still writes it
FILES_MAX = 1000  # of a version that are looked at

# Name of a model, versions that were found -> those of which to say the content.
Choose = Callable[[str, list[int]], Iterable[int]]


@dataclass(frozen=True)
class Content:
    """What a version consists of, as far as can be told without reading it; two that are equal need no new load."""

    place: str  # with every link resolved
    files: tuple[tuple[str, int, int, int], ...]  # name, bytes, nanoseconds of the last change, inode

    @property
    def named(self) -> set[str]:
        return {name for name, *_ in self.files}

    @property
    def declared(self) -> bool:
        """True when there is a manifest, which says of every other file what it must be."""
        return bundles.MANIFEST in self.named

    @property
    def unfinished(self) -> str:
        """The name of a file that somebody is still writing; empty if there is none."""
        return next((name for name in sorted(self.named) if name.endswith(UNFINISHED)), "")


def look(root: Path, choose: Choose) -> dict[str, dict[int, Content]]:
    """Return the wanted versions of each model, perhaps none, and what each consists of.

    Raises `BundleError` when there is no model at all, saying where one was expected.
    """
    return {
        folder.name: {version: content(folder / str(version)) for version in choose(folder.name, versions)}
        for folder, versions in model_folders(root).items()
    }


def content(folder: Path) -> Content:
    """Return what lies in a version's folder; one that is gone has no files."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith(".."))[:FILES_MAX]
    except OSError:
        names = []
    return Content(os.path.realpath(folder), tuple([_file(folder, name) for name in names]))


def _file(folder: Path, name: str) -> tuple[str, int, int, int]:
    try:
        status = (folder / name).stat()
    except OSError:  # a link that leads nowhere, or a file that has just gone
        return name, -1, 0, 0
    size = -1 if stat.S_ISDIR(status.st_mode) else status.st_size  # a folder's size depends on the file system
    return name, size, status.st_mtime_ns, status.st_ino


def model_folders(root: Path) -> dict[Path, list[int]]:
    """List the folders that hold a version, and the versions, oldest first.

    Raises `BundleError` when none does, and where there are too many; what is served goes on then.
    """
    wanted = f"expected bundles in {root.absolute()}/<name>/<version>/"
    try:
        entries = sorted(root.iterdir())
    except OSError as error:
        raise BundleError(f"{root}: {wanted}. Received: {error.strerror}.") from error
    named = [entry for entry in entries if entry.is_dir() and re.match(NAME_PATTERN, entry.name)]
    if len(named) > MODELS_MAX:
        raise BundleError(f"{root}: expected at most {MODELS_MAX} models. Received: {len(named)}.")
    found = {folder: versions for folder in named if (versions := _versions(folder))}
    if not found:
        received = f"{len(entries)} of other names, or without a version" if entries else "an empty folder"
        raise BundleError(f"{root}: {wanted}. Received: {received}.")
    return found


def _versions(folder: Path) -> list[int]:
    try:
        return bundles.versions(folder)
    except OSError:  # not to be read, or gone since it was listed
        return []
