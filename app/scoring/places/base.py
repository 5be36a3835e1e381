"""A place: what scoring needs of wherever its files lie.

    put(name, data)      the file is there whole, or as it was before
    claim(name, data)    the same, but who comes first wins; everybody gets what stands there then

Names are relative, with `/` between folders. It knows nothing about what the files hold.
"""

from typing import Protocol


class Place(Protocol):
    """A folder of whole files."""

    address: str  # as people write it

    def put(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all; raises `Failed` with what is wrong."""

    def claim(self, name: str, data: bytes) -> bytes:
        """Write a file unless there is one, and return what stands there."""

    def get(self, name: str) -> bytes | None:
        """Return a file; None where there is none."""

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none."""

    def names(self, folder: str = "") -> list[str]:
        """Return the names of the files in a folder, sorted; hidden ones left out."""

    def sweep(self) -> None:
        """Remove what writers left that were killed; call it once nothing is written any more."""
