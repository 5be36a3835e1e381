"""Fetching: inputs that lie elsewhere, as files of this machine that hold what is read of them and nothing else.

    opened, local   size, time and ends of an object, its head or its footer  ─> a file with holes: enough to plan
    complete        the row groups and columns of a cut, or all of a text     ─> enough to read

Readers of files need not know: a hole is where they do not look. Another process fetches for itself.
"""

import fnmatch
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet

from app.scoring.errors import Failed, Refused
from app.scoring.places import addresses
from app.sources import files
from app.sources.rules import Rules
from app.sources.source import Cut, Source, open_found

ZIP = b"PK\x03\x04"  # its list stands at its end
HEAD_BYTES = 2**22  # more than is looked at before a text is read
END_BYTES = 2**16
COPY_BYTES = 2**23  # in memory at once
EXPECTED = "a file that can be read"


def listed(address: str) -> list[str]:
    """Return the addresses of the files that an address means: it, those of a folder, or those that fit a pattern.

    Raises `Refused` where there are none.
    """
    system, path = addresses.opened(address)
    folder, _, last = path.rpartition("/")
    pattern = last if any(mark in last for mark in "*?[") else None
    with addresses.explained(address, EXPECTED):
        [info] = system.get_file_info([path])
        if info.type == pa.fs.FileType.File:
            return [address]
        inside = system.get_file_info(pa.fs.FileSelector(folder if pattern else path))  # tells of a missing bucket, too
    names = sorted(each.base_name for each in inside if each.type == pa.fs.FileType.File)
    found = fnmatch.filter(names, pattern) if pattern else files.tables(names)
    if not found:
        raise Refused(f"{addresses.shown(address)}: expected a file, or a folder of files. Received: no file.")
    return [addresses.below(addresses.parent(address) if pattern else address, name) for name in found]


def opened(address: str, rules: Rules | None) -> tuple[Source, tuple[str, ...]]:
    """Open the data that an address means, far enough to plan; return its files' addresses, too."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-"))
    fetched = [Fetched(each, folder) for each in listed(address)]
    found = files.Found([files.File(each.path, addresses.shown(each.address)) for each in fetched], [])
    source = open_found(found, rules=rules)
    weakref.finalize(source, shutil.rmtree, folder, True)  # at the end of the process, too
    address_of = {each.path: each.address for each in fetched}
    return source, tuple([address_of[path] for path in source.files])  # one without rows is left out


def local(address: str, stretch: int) -> Path:
    """Return the file of an input on this machine; of one elsewhere it holds what `complete` fetched for a stretch."""
    return _fetched(address, stretch).path if addresses.is_remote(address) else Path(address)


def complete(address: str, stretch: int, cut: Cut) -> None:
    """Fetch what a cut reads, where an input lies elsewhere."""
    if addresses.is_remote(address):
        _fetched(address, stretch).complete(cut)


@lru_cache(maxsize=1)
def _fetched(address: str, _stretch: int) -> "Fetched":
    """Begin to fetch an object for a stretch; that of the stretch before goes, where nobody holds it."""
    folder = tempfile.mkdtemp(prefix="slipway-")
    found = Fetched(address, Path(folder))
    weakref.finalize(found, shutil.rmtree, folder, True)
    return found


class Fetched:
    """One object, as far as it is here."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self._system, self._there = addresses.opened(address)
        self._whole = self._is_parquet = False
        self.path = folder / self._there.rpartition("/")[2]
        with addresses.explained(address, EXPECTED):
            self._info = self._look()
            self._start()

    def complete(self, cut: Cut) -> None:
        """Fetch what a cut reads; raises `Refused` where the object changed meanwhile."""
        with addresses.explained(self.address, EXPECTED):
            if not self._whole:
                self._copy(self._spans(cut) if self._is_parquet else [(0, self._info.size)])
                self._whole = not self._is_parquet
            now = self._look()
        if (now.size, now.mtime_ns) != (self._info.size, self._info.mtime_ns):
            raise Refused(f"{addresses.shown(self.address)}: expected the file as it was at first. Received: another.")

    def _look(self) -> Any:
        [info] = self._system.get_file_info([self._there])
        if info.type != pa.fs.FileType.File:
            raise FileNotFoundError(self._there)
        return info

    def _start(self) -> None:
        """Fetch the ends, and what tells the columns: the head of a text, the footer of a Parquet file, else all."""
        size = self._info.size
        with self.path.open("xb") as file:
            file.truncate(size)
        self._copy([(0, min(size, END_BYTES)), (max(0, size - END_BYTES), size)])
        kind = files.kind_of(files.File(self.path, addresses.shown(self.address)))
        self._is_parquet = kind == "parquet"
        self._whole = size <= END_BYTES
        if self._is_parquet:
            self._copy([(_footer(self.path), size)])
        elif kind == "csv" and not _starts_with(self.path, ZIP):
            self._copy([(0, min(size, HEAD_BYTES))])
        else:
            self._copy([(0, size)])
            self._whole = True

    def _spans(self, cut: Cut) -> Iterator[tuple[int, int]]:
        """Give where the columns of the row groups lie; a name that the file writes otherwise means all columns."""
        metadata = pa.parquet.read_metadata(self.path)
        wanted = None if cut.columns is None else set(cut.columns)
        names = [column.strip() for column in metadata.schema.to_arrow_schema().names]
        if wanted is not None and not wanted <= set(names):
            wanted = None
        for group in range(*(cut.groups or (0, metadata.num_row_groups))):
            for place in range(metadata.num_columns):
                column = metadata.row_group(group).column(place)
                if wanted is None or column.path_in_schema.partition(".")[0].strip() in wanted:
                    start = column.data_page_offset
                    if column.has_dictionary_page and 0 < (column.dictionary_page_offset or 0) < start:
                        start = column.dictionary_page_offset
                    yield start, start + column.total_compressed_size

    def _copy(self, spans: Sequence[tuple[int, int]] | Iterator[tuple[int, int]]) -> None:
        """Copy bytes to where they stand in the object."""
        with self._system.open_input_file(self._there) as source, self.path.open("r+b") as file:
            for start, end in _joined(spans):
                file.seek(start)
                for place in range(start, end, COPY_BYTES):
                    wanted = min(COPY_BYTES, end - place)
                    data = source.read_at(wanted, place)
                    if len(data) != wanted:
                        raise Failed(
                            f"{addresses.shown(self.address)}: expected {wanted:,} bytes. Received: {len(data):,}."
                        )
                    file.write(data)
        os.utime(self.path, ns=(self._info.mtime_ns, self._info.mtime_ns))


def _starts_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _footer(path: Path) -> int:
    """Return where the footer of a Parquet file begins: its last eight bytes are its length and a mark."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 8))
        length = int.from_bytes(file.read(4), "little")
    return max(0, size - 8 - length)


def _joined(spans: Sequence[tuple[int, int]] | Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Give spans in order, those as one that touch or nearly do: a request costs more than a few bytes."""
    first, last = 0, 0
    for start, end in sorted(spans):
        if start <= last + END_BYTES:
            last = max(last, end)
            continue
        if last:
            yield first, last
        first, last = start, end
    if last:
        yield first, last
