"""Identity: the hash by which a bundle, a checkpoint and a search know the data again that they are of."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from app.bundle.reader import sha256
from app.sources.source import open_source
from training.errors import told


def data_sha256(path: Path) -> str:
    """Return the hash of a file, or that of the hashes of all files of a folder or pattern."""
    if path.is_file():
        return sha256(path)
    with told():
        return of_files(open_source(path).files)


def of_files(files: Sequence[Path]) -> str:
    """Return the hash of one file, or of the hashes of several in their order."""
    found = [sha256(file) for file in files]
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()
