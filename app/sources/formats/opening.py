"""Open: a file as bytes, decompressed by what it holds and not by its name.

    path ─ magic bytes ─> gzip, bzip2, xz, zstd, a zip archive with one file ─> a stream of bytes
    explained             whatever a library says of a damaged file ─> SourceError

It knows nothing about tables.
"""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from app.sources.errors import SourceError

GZIP, BZIP2, XZ, ZSTD, ZIP = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")  # of the first block, or of an empty file
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,  # pyarrow.ArrowInvalid is one
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,  # an archive's way to compress
    pa.ArrowException,
)
MESSAGE_CHARS = 200  # of what a library says


def magic(path: Path) -> bytes:
    """Return the first bytes as they stand on disk."""
    with path.open("rb") as file:
        return file.read(16)


def is_packed(path: Path) -> bool:
    """Say whether a file is compressed as a whole."""
    return (start := magic(path)).startswith((GZIP, XZ, ZSTD, ZIP)) or _is_bzip2(start)


def first_bytes(stream: Any, size: int) -> bytes:
    """Return the first bytes of a stream, fewer only where it holds no more."""
    parts, left = [], size
    while left and (part := stream.read(left)):
        parts.append(bytes(part))
        left -= len(part)
    return b"".join(parts)


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a file: (stream of its content, the file itself, whose place says how far it was read)."""
    with path.open("rb") as raw, _decompressed(raw, path) as stream:
        yield stream, raw


@contextmanager
def explained(name: str, expected: str) -> Iterator[None]:
    """Raise a SourceError that names the file where a library only says that something is wrong."""
    try:
        yield
    except UNREADABLE as error:
        raise SourceError(f"{name}: expected {expected}. Received: {reason(error)}.") from error


def reason(error: BaseException) -> str:
    """Return the first line of what a library says."""
    said = str(getattr(error, "strerror", None) or error).strip().partition("\n")[0]
    return (said or type(error).__name__)[:MESSAGE_CHARS].rstrip(".")


@contextmanager
def _decompressed(raw: Any, path: Path) -> Iterator[Any]:
    start = raw.read(16)
    raw.seek(0)
    if start.startswith(ZIP):
        with zipfile.ZipFile(raw) as archive, _member(archive, path) as stream:
            yield stream
    elif (stream := _decompressor(raw, start)) is not None:
        with stream:
            yield stream
    else:
        yield raw


def _is_bzip2(start: bytes) -> bool:
    return start.startswith(BZIP2) and start[4:10] in BZIP2_BLOCKS  # `BZh,…` is a name


def _decompressor(raw: Any, start: bytes) -> Any:
    if start.startswith(GZIP):
        return gzip.GzipFile(fileobj=raw)
    if _is_bzip2(start):
        return bz2.BZ2File(raw)
    if start.startswith(XZ):
        return lzma.LZMAFile(raw)
    if start.startswith(ZSTD):
        return pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")
    return None


def _member(archive: zipfile.ZipFile, path: Path) -> Any:
    """Open the one file of an archive, beside folders and what macOS adds."""
    found = [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]
    if len(found) != 1:
        raise SourceError(f"{path}: expected one file in the archive. Received: {len(found)}.")
    if found[0].flag_bits & 1:
        raise SourceError(f"{path}: expected an archive without a password. Received: one that is encrypted.")
    return archive.open(found[0])
