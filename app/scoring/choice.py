"""Which version answers: the folder that options name, or the only one there is."""

from pathlib import Path

from app.bundle import reader as bundles
from app.printable import listed
from app.sources.errors import SourceError


def folder_of(models: Path, name: str | None, version: int | None, bundle: Path | None) -> Path:
    """Find the version's folder; raises `SourceError`, saying what to choose from."""
    if bundle is not None:
        return bundle.absolute()
    names = sorted([entry.name for entry in models.iterdir() if entry.is_dir()]) if models.is_dir() else []
    found = name or (names[0] if len(names) == 1 else None)
    if found is None or found not in names:
        expected = f"expected one of {listed(names)}" if names else f"expected a model in {models}"
        raise SourceError(f"Invalid `--model`: {expected}. Received: {'nothing' if found is None else f'`{found}`'}.")
    versions = bundles.versions(models / found)
    chosen = version or (versions[-1] if versions else None)
    if chosen is None or chosen not in versions:
        expected = listed(versions, f"a version in {models / found}")
        raise SourceError(f"Invalid `--version`: expected one of {expected}. Received: {chosen or 'nothing'}.")
    return models / found / str(chosen)
