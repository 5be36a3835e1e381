"""A folder of an object store, or of another file system that pyarrow opens.

    object store   put ─ one object, whole or not there ─> name
    other          put ─ hidden temporary file ─ move ─> name

A file is handed over in one write, so that no stream is left half written: one that an exception leaves is closed, and
an object store then keeps what it got so far.
"""

import secrets
import time
from typing import Any

import pyarrow.fs

from app.scoring.places import addresses

OBJECT_STORES = ("s3", "gcs", "abfs")
TEMPORARY = ".tmp"
SETTLED_S = 2.0  # longer than a writer takes between its look and its write


class RemotePlace:
    """One folder; its address is opened when it is first used."""

    def __init__(self, address: str) -> None:
        self.address = addresses.shown(address).rstrip("/")
        self._uri = address

    def put(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all."""
        system, path = self._at(name)
        with addresses.explained(f"{self.address}/{name}", "a place that can be written"):
            if system.type_name in OBJECT_STORES:
                _write(system, path, data)
                return
            folder, _, last = path.rpartition("/")
            temporary = f"{folder}/.{last}.{secrets.token_hex(4)}{TEMPORARY}"
            system.create_dir(folder, recursive=True)
            _write(system, temporary, data)
            system.move(temporary, path)

    def claim(self, name: str, data: bytes) -> bytes:
        """Write a file unless there is one, and return what stands there.

        A store cannot be asked to write only where nothing stands, so of several who come at once the last one wins:
        each waits until all have written, and then looks.
        """
        if (found := self.get(name)) is not None:
            return found
        self.put(name, data)
        time.sleep(SETTLED_S)
        return self.get(name) or b""

    def get(self, name: str) -> bytes | None:
        """Return a file; None where there is none."""
        system, path = self._at(name)
        with addresses.explained(f"{self.address}/{name}", "a file that can be read"):
            try:
                with system.open_input_stream(path) as stream:
                    data: bytes = stream.read()
                    return data
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        system, path = self._at(name)
        with addresses.explained(f"{self.address}/{name}", "a file that can be read"):
            found = system.get_file_info(path)
        return int(found.size) if found.type == pyarrow.fs.FileType.File else None

    def names(self, folder: str = "") -> list[str]:
        """Return the names of the files in a folder, sorted; hidden ones left out."""
        found = [each.base_name for each in self._files(folder, recursive=False)]
        return sorted(name for name in found if not name.startswith("."))

    def sweep(self) -> None:
        """Remove the temporary files of writers that were killed; an object store has none."""
        system, _ = addresses.opened(self._uri)
        if system.type_name not in OBJECT_STORES:
            for left in self._files("", recursive=True):
                if left.base_name.startswith(".") and left.base_name.endswith(TEMPORARY):
                    system.delete_file(left.path)

    def _files(self, folder: str, *, recursive: bool) -> list[Any]:
        system, path = self._at(folder)
        wanted = pyarrow.fs.FileSelector(path.rstrip("/"), allow_not_found=True, recursive=recursive)
        with addresses.explained(f"{self.address}/{folder}", "a folder that can be listed"):
            return [each for each in system.get_file_info(wanted) if each.type == pyarrow.fs.FileType.File]

    def _at(self, name: str) -> tuple[Any, str]:
        system, path = addresses.opened(self._uri)
        return system, f"{path}/{name}"


def _write(system: Any, path: str, data: bytes) -> None:
    stream = system.open_output_stream(path)
    stream.write(data)
    stream.close()
