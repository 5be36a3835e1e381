"""Inputs: what a file was when the plan was made, so that another one is refused.

    look(path)   ─> size, time of the last change, sha256 of its first and last bytes
    check(…)     the same, once more

Why not the hash of the whole: docs/decisions/0601-exactly-once.md.
"""

import datetime
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.scoring.errors import Refused

END_BYTES = 65_536  # at each end of a file; the end of a Parquet file says where and what each column is


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One file, as it was."""

    name: str  # without the folder that all files stand in: another machine may see them elsewhere
    bytes: int
    modified: str  # UTC, to the nanosecond
    ends_sha256: str  # of its first and last bytes


def look(paths: Sequence[Path]) -> tuple[Input, ...]:
    """Look at files; raises `Refused` for one that cannot be read."""
    folder = os.path.commonpath([path.absolute().parent for path in paths])
    return tuple([_look(path, os.path.relpath(path.absolute(), folder)) for path in paths])


def check(path: Path, expected: Input) -> None:
    """Refuse a file that is not what it was."""
    found = _look(path, expected.name)
    if found == expected:
        return
    then, now = msgspec.structs.asdict(expected), msgspec.structs.asdict(found)
    key = next(key for key in then if then[key] != now[key])
    raise Refused(
        f"{path}: expected the file that was planned, {key} {then[key]}. Received: {now[key]}. "
        "Rows of both would be mixed: score it into a new folder."
    )


def _look(path: Path, name: str) -> Input:
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            ends = file.read(END_BYTES)
            file.seek(max(0, stat.st_size - END_BYTES))
            ends += file.read(END_BYTES)
    except OSError as error:
        raise Refused(f"{path}: expected a file that can be read. Received: {error.strerror}.") from error
    return Input(
        name=name, bytes=stat.st_size, modified=_written(stat.st_mtime_ns), ends_sha256=hashlib.sha256(ends).hexdigest()
    )


def _written(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
