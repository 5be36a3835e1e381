"""A file's content, held still: what was hashed is what is used, whoever writes to the file meanwhile.

    opened(path)            a file, and nothing else: no device without end, no pipe that is waited for
    content(path, …)        all of it, if it is not too large
    sha256(path)            its hash, by pieces
    hold(path, …) ─> Held   sha256 ─> place or data, for who loads it ─> close
    hold_pieces(path, …)    the same of what was made of a file

A large file is held in memory of the kernel that is sealed against every change (memfd_create(2), F_ADD_SEALS in
fcntl(2)) and has a path: ONNX Runtime keeps the interpreter's lock while it takes a graph from bytes, and not while it
reads one from a path. It knows nothing of graphs or bundles.
"""

import contextlib
import fcntl
import hashlib
import io
import mmap
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.errors import BundleError

PORTION_BYTES = 2**20  # that are read at once
LARGE_BYTES = 2**20  # from here on a graph is held as a file: below, taking it from bytes stops others for < 0.5 ms


def opened(path: Path) -> io.FileIO:
    """Open a file through links, never waiting for it; raises `BundleError` unless it is regular and can be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BundleError(f"{path}: cannot be read: it is no regular file.")
    return io.FileIO(descriptor)


def content(path: Path, max_bytes: int) -> bytes:
    """Read a whole file; raises `BundleError` when it cannot be read, or is larger than `max_bytes`."""
    with opened(path) as file:
        _check_size(path, file, max_bytes)
        return _rest(path, file, max_bytes)


def sha256(path: Path) -> str:
    """Hash a file in hexadecimal; raises `BundleError` when it cannot be read."""
    with opened(path) as file:
        return _digest(path, file)


class Held:
    """A file's content that nobody can change, as a context; `data` is all of it, or a sealed copy's descriptor."""

    def __init__(self, path: Path, data: bytes | int, sha256: str) -> None:
        self.path = path
        self.sha256 = sha256
        self._data = data

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self._data, int):
            os.close(self._data)
        self._data = b""

    @property
    def source(self) -> bytes | str:
        """The content itself, or a path below which this process finds it until it is closed."""
        return f"/proc/self/fd/{self._data}" if isinstance(self._data, int) else self._data

    @property
    def size_bytes(self) -> int:
        return os.fstat(self._data).st_size if isinstance(self._data, int) else len(self._data)

    @contextlib.contextmanager
    def view(self) -> Iterator[memoryview]:
        """Look at the content; a part of it that is still looked at later keeps all of it in memory."""
        if isinstance(self._data, bytes):
            yield memoryview(self._data)
        else:
            yield memoryview(mmap.mmap(self._data, 0, mmap.MAP_PRIVATE, mmap.PROT_READ))


def hold(path: Path, max_bytes: int, within: Path | None = None) -> Held:
    """Take a file's content as it is now; raises `BundleError` when it cannot be read, or is over `max_bytes`.

    Where it has to lie `within` a folder, every link is followed before that is looked at, and what was opened counts.
    """
    if within is not None:
        _check_place(path, path, within)
    with opened(path) as file:
        if within is not None:
            _check_place(path, Path(f"/proc/self/fd/{file.fileno()}"), within)
        size = _check_size(path, file, max_bytes)
        copy = _sealed(path, lambda copy: _copy(path, copy, file, size)) if size >= LARGE_BYTES else None
        if copy is None:
            data = _rest(path, file, max_bytes)
            return Held(path, data, hashlib.sha256(data).hexdigest())
    with io.FileIO(copy, closefd=False) as file:
        file.seek(0)
        return Held(path, copy, _digest(path, file))


def hold_pieces(path: Path, pieces: Sequence[memoryview], sha256: str) -> Held:
    """Hold what was made of a file whose hash is `sha256`, piece by piece."""

    def write(copy: int) -> None:
        with io.FileIO(copy, "w", closefd=False) as file:
            for piece in pieces:
                done = 0
                while done < len(piece):
                    done += file.write(piece[done:])

    copy = _sealed(path, write)
    return Held(path, b"".join(pieces) if copy is None else copy, sha256)


def _check_place(path: Path, link: Path, folder: Path) -> None:
    place, where = os.path.realpath(link), os.path.realpath(folder)
    if os.path.lexists(link) and os.path.commonpath([place, where]) != where:
        raise BundleError(f"{path}: expected a file within {folder}. Received: {place}.")


def _check_size(path: Path, file: io.FileIO, max_bytes: int) -> int:
    size = os.fstat(file.fileno()).st_size
    if size > max_bytes:
        raise BundleError(f"{path}: expected at most {max_bytes} bytes. Received: {size}.")
    return size


def _rest(path: Path, file: io.FileIO, max_bytes: int) -> bytes:
    pieces, left = [], max_bytes
    try:
        while piece := file.read(min(left + 1, PORTION_BYTES)):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise BundleError(f"{path}: expected at most {max_bytes} bytes. Received: more while it was read.")
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}.") from error
    return b"".join(pieces)


def _digest(path: Path, file: io.FileIO) -> str:
    try:
        return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}.") from error


def _copy(path: Path, copy: int, file: io.FileIO, size: int) -> None:
    at = 0
    while at < size and (moved := os.sendfile(copy, file.fileno(), at, size - at)):
        at += moved
    if at < size:
        raise BundleError(f"{path}: expected {size} bytes. Received: {at}, because it was cut off while it was read.")


def _sealed(path: Path, fill: Callable[[int], None]) -> int | None:
    """Fill memory where nobody can write afterwards; None where the system has no such thing."""
    try:
        copy = os.memfd_create("graph", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (AttributeError, OSError):
        return None
    try:
        fill(copy)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, seals)
        if not Path(f"/proc/self/fd/{copy}").exists():  # no /proc here
            os.close(copy)
            return None
    except BundleError:
        os.close(copy)
        raise
    except OSError as error:
        os.close(copy)
        raise BundleError(f"{path}: cannot be read: {error.strerror}.") from error
    return copy
