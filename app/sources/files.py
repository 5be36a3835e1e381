"""Files: which files a path names: one, those of a folder, those of a pattern, or standard input.

    path ─┬─ a file            ─> it
          ├─ a folder          ─> its tables, hidden files and what is no table by its ending left out
          ├─ `data-*.csv`      ─> the files that fit
          └─ `-`               ─> standard input, kept in a file of its own until nobody reads it
    file ─ kind_of ─> "csv", "parquet", "arrow", "jsonl", "excel", by what it holds

It knows nothing about what tables hold.
"""

import glob
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from app.sources.errors import SourceError
from app.sources.formats import kinds, opening

STDIN = "-"
TABLES = {".csv", ".tsv", ".tab", ".txt", ".psv", ".data", ".parquet", ".pq", ".arrow", ".feather", ".ipc"} | {
    *(".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm", ".ods")
}
PACKED = {".gz", ".bz2", ".xz", ".zst", ".zip"}
HEAD_BYTES = 65_536
SHOWN_FILES = 5
SHEETS = ("xl/workbook.xml", "xl/workbook.bin")  # in a workbook of Excel


class File(NamedTuple):
    """One file, and what messages call it."""

    path: Path
    name: str


class Found(NamedTuple):
    """The files of a source."""

    files: list[File]
    remarks: list[str]
    spool: Any = None  # keeps standard input on disk


def find(path: Path) -> Found:
    """Return the files that a path names, in the order of their names; raise a SourceError where there are none."""
    if str(path) == STDIN:
        return _standard_input()
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return Found([File(path, str(path))], [])
    found = [Path(each) for each in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - absolute ones too
    files = [File(each, str(each)) for each in found if each.is_file()]
    if not files:
        raise SourceError(f"`DATA`: expected a CSV or Parquet file. Received: {path}, which is not a file.")
    return Found(files, [])


def tables(names: Sequence[str]) -> list[str]:
    """Return those of a folder's files that are tables by their ending, or all where none is; hidden ones left out."""
    shown = sorted(name for name in names if not name.startswith((".", "_")))
    return [name for name in shown if _ending(Path(name)) in TABLES] or shown


def kind_of(file: File) -> str:
    """Return what a file holds."""
    with opening.explained(file.name, "a file that can be read"):
        start = opening.magic(file.path)
        if start.startswith(opening.ZIP) and _is_workbook(file.path):
            return "excel"
        if (kind := kinds.kind_of(start)) != "csv":
            return kind
        with opening.opened(file.path) as (stream, _):
            return "jsonl" if _is_json_lines(opening.first_bytes(stream, HEAD_BYTES)) else "csv"


def _standard_input() -> Found:
    spool = tempfile.NamedTemporaryFile(prefix="slipway-")  # noqa: SIM115 - closed, and so removed, with the source
    try:
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
    except OSError as error:
        spool.close()
        expected = "room on the disk for all of it"
        raise SourceError(f"standard input: expected {expected}. Received: {opening.reason(error)}.") from error
    return Found([File(Path(spool.name), "standard input")], [], spool)


def _of_folder(path: Path) -> Found:
    """Return the tables of a folder; what is none by its ending is left out and said."""
    shown = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith((".", "_")))
    named = set(tables([each.name for each in shown]))
    found = [each for each in shown if each.name in named]
    if not found:
        raise SourceError(f"{path}: expected files with tables in this folder. Received: none.")
    others = [each.name for each in shown if each not in found]
    more = f" and {len(others) - SHOWN_FILES:,} more" if len(others) > SHOWN_FILES else ""
    remarks = (
        [f"left out of the folder, for they are no tables: {', '.join(others[:SHOWN_FILES])}{more}"] if others else []
    )
    return Found([File(each, str(each)) for each in found], remarks)


def _ending(path: Path) -> str:
    endings = [each.lower() for each in path.suffixes]
    return (
        endings[-2] if len(endings) > 1 and endings[-1] in PACKED and endings[-2] in TABLES else "".join(endings[-1:])
    )


def _is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
            return b"opendocument.spreadsheet" in archive.read("mimetype")
        return not names.isdisjoint(SHEETS)


def _is_json_lines(start: bytes) -> bool:
    """Say whether the first line is an object."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.startswith(b"{"):
        return False
    line, end, _ = text.partition(b"\n")
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return not end and len(start) == HEAD_BYTES
    return True
