"""Sniff: what the first bytes of a file say it is, so that a person is told what to do about it.

    path ─ head ─> bytes, decompressed by the ending of the name ─ check_kind ─> refused by name, or perhaps a table
                                                                └ not_text    ─> which encoding it seems to have

It knows nothing about columns.
"""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import charset_normalizer

from training.errors import DataError

HEAD_BYTES = 65536
SAMPLE_LINES = 500  # that are not UTF-8, from which the encoding is guessed
SHOWN_CHARS = 60
OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
KINDS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook. Export the sheet as CSV, or name the archive .zip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook. Export the sheet as CSV",
    b"%PDF": "a PDF document. Find the table as CSV",
    b"PAR1": "a Parquet file. Let its name end in .parquet",
    b"SQLite format 3": "a SQLite database. Export one table as CSV",
    b"\x1f\x8b": "bytes compressed by gzip. Let its name end in .gz",
    b"BZh": "bytes compressed by bzip2. Let its name end in .bz2",
    b"\xfd7zXZ": "bytes compressed by xz. Let its name end in .xz",
    b"\x89HDF": "an HDF5 file. Export one table as CSV or Parquet",
    b"version https://git-lfs": "a pointer of Git LFS. Fetch the file itself: git lfs pull",
}
WIDE = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
CONTROL = bytes([*range(9), 11, *range(14, 27), *range(28, 32)])  # no text holds these
WESTERN = "cp1252"  # the commonest by far; a few letters cannot tell it from its neighbours
COMMON = (WESTERN, "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "cp932", "gb18030", "big5", "euc_kr", "euc_jp")


def check_file(path: Path) -> None:
    """Refuse what is not there, or is a folder, with a DataError."""
    if not path.is_file():
        raise DataError(f"`DATA`: expected a CSV or Parquet file. Received: {path}, which is not a file.")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, decompressed by the ending of its name."""
    with path.open("rb") as raw, decompressed(raw, path) as stream:
        yield stream


@contextmanager
def decompressed(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    """Decompress what an open file holds, by the ending of its name; its place says how far it was read.

    Raises a DataError when an archive does not hold one file alone.
    """
    ending = path.suffix.lower()
    if ending in OPENERS:
        with OPENERS[ending](raw, "rb") as stream:
            yield stream
    elif ending == ".zip":
        with zipfile.ZipFile(raw) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise DataError(f"{path}: expected one file in the archive. Received: {len(names)}.")
            with archive.open(names[0]) as stream:
                yield stream
    else:
        yield raw


def head(path: Path) -> bytes:
    """Return the first bytes."""
    with opened(path) as stream:
        return stream.read(HEAD_BYTES)


def check_kind(path: Path, start: bytes, encoding: str) -> None:
    """Refuse what is certainly no CSV file, with a DataError that says what it seems to be and what to do."""
    for magic, kind in KINDS.items():
        if start.startswith(magic):
            raise DataError(f"{path}: expected a CSV file. Received: {kind}.")
    found = _wide(start)
    if found and not encoding.lower().replace("_", "-").startswith(found):
        raise DataError(
            f"{path}: expected {encoding.upper()} text. Received: what seems to be {found}: say --encoding {found}."
        )
    if not found and start.translate(None, CONTROL) != start:
        raise DataError(f"{path}: expected a CSV file. Received: bytes that are not text.")
    _check_markup(path, start)


def not_text(path: Path, encoding: str) -> DataError:
    """Say where a file is not text of this encoding, and which it seems to have."""
    number, lines = _undecodable(path, encoding)
    found = _guess(b"\n".join(lines))
    said = f"{path}: expected {encoding.upper()} text. Received: bytes that are not, first in line {number}."
    if found is None or not lines:
        return DataError(f"{said} Convert it to UTF-8, or say what it is: --encoding NAME.")
    shown = lines[0].decode(found, errors="replace").strip()[:SHOWN_CHARS]
    return DataError(f"{said} As {found} that line reads {shown!r}; if that is right, say --encoding {found}.")


def _check_markup(path: Path, start: bytes) -> None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if text.startswith((b"<!doctype html", b"<html")):
        received = "a web page. Look at it: it may be a form to log in, or an error, in place of the file"
    elif text.startswith(b"<"):
        received = "XML. Export the table as CSV"
    elif text.startswith((b"{", b'["', b"[{", b"[[", b"[\n", b"[ ")):
        received = "JSON. Convert it: python -c \"import pandas; pandas.read_json('FILE').to_csv('data.csv', index=0)\""
    else:
        return
    raise DataError(f"{path}: expected a CSV file. Received: {received}.")


def _wide(start: bytes) -> str | None:
    """Return the encoding whose letters have several bytes each, by its mark or by zeros in every other place."""
    marked = next((name for mark, name in WIDE.items() if start.startswith(mark)), None)
    if marked or len(start) < 4:
        return marked
    pairs = len(start) // 2
    if start[1::2].count(0) > 0.7 * pairs:
        return "utf-16-le"
    return "utf-16-be" if start[::2].count(0) > 0.7 * pairs else None


def _undecodable(path: Path, encoding: str) -> tuple[int, list[bytes]]:
    first, lines = 0, []
    with opened(path) as stream:
        for number, line in enumerate(stream, 1):
            if line.isascii():
                continue
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                first = first or number
                lines.append(line)
            if len(lines) == SAMPLE_LINES:
                break
    return first, lines


def _guess(text: bytes) -> str | None:
    best = charset_normalizer.from_bytes(text, cp_isolation=list(COMMON)).best()
    if best is None:
        return None
    return WESTERN if WESTERN in best.could_be_from_charset else best.encoding
