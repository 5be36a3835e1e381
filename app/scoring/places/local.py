"""A folder of this machine, or one that several machines share.

    put   ─ hidden temporary file ─ fsync ─ rename ─ fsync of the folder ─> there, whole
    claim ─ the same with a link, which fails where a file stands

A kill between the steps leaves a hidden temporary file and nothing else; `sweep` removes those.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.scoring.errors import Failed

TEMPORARY = ".tmp"


class LocalPlace:
    """One folder."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder)
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all."""
        with self._written(name, data) as (temporary, target):
            try:
                temporary.replace(target)
            except FileNotFoundError:  # another command found everything done, and swept
                if self.get(name) != data:
                    raise

    def claim(self, name: str, data: bytes) -> bytes:
        """Write a file unless there is one, and return what stands there."""
        with self._written(name, data) as (temporary, target):
            try:
                os.link(temporary, target)
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                if not target.exists():
                    temporary.replace(target)
            temporary.unlink(missing_ok=True)
        return self.get(name) or b""

    def get(self, name: str) -> bytes | None:
        """Return a file; None where there is none."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Failed(
                f"{self._folder / name}: expected a file that can be read. Received: {error.strerror}."
            ) from error

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        try:
            return (self._folder / name).stat().st_size
        except FileNotFoundError:
            return None

    def names(self, folder: str = "") -> list[str]:
        """Return the names of the files in a folder, sorted; hidden ones left out."""
        where = self._folder / folder
        if not where.is_dir():
            return []
        return sorted(each.name for each in where.iterdir() if each.is_file() and not each.name.startswith("."))

    def sweep(self) -> None:
        """Remove the temporary files of writers that were killed."""
        for left in self._folder.rglob(f".*{TEMPORARY}"):
            left.unlink(missing_ok=True)

    @contextmanager
    def _written(self, name: str, data: bytes) -> Iterator[tuple[Path, Path]]:
        """Give (a temporary file that is on the disk, where it shall stand); then see to it that the name is, too."""
        target = self._folder / name
        temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary, target
            _sync(target.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            expected = f"room for {len(data):,} bytes in a folder that can be written"
            raise Failed(f"{target}: expected {expected}. Received: {error.strerror or error}.") from error


def _sync(folder: Path) -> None:
    """See to it that the names in a folder outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
