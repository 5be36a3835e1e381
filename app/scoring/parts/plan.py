"""The plan: what will be done, fixed before anything is; whoever takes part works by the same one.

    files ─ row groups ─> stretches       one worker reads one in order, and writes it as parts
    plan + model + options ─> sha256      everything that the answers depend on
    differences(mine, theirs)             why a folder with another plan is refused

It knows nothing about who does the work.
"""

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import msgspec

from app.scoring.parts.inputs import Input
from app.sources.source import Form

PLAN = "_plan.json"
PART_ROWS = 2**18  # 262,144
SHOWN_CHARS = 80  # of a value that differs
MOST_SHOWN = 5  # differences

Format = Literal["parquet", "csv", "jsonl"]


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker reads from its first row to its last."""

    number: int
    file: int  # its place among the inputs
    groups: tuple[int, int] | None = None  # the first row group, and the one behind the last; None: the whole file
    first_row: int = 1  # of its file
    rows: int | None = None  # None: nobody knows before it is read


class Plan(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything that the answers depend on."""

    model: str
    version: int
    manifest_sha256: str
    inputs: tuple[Input, ...]
    stretches: tuple[Stretch, ...]
    form: Form  # how the files are read
    keep: tuple[str, ...]
    format: Format
    part_rows: int
    run_rows: int  # of one run of the model
    made_with: dict[str, str]  # versions of what decides bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(encoded(self)).hexdigest()

    @property
    def rows(self) -> int | None:
        """Return how many rows there are, where all stretches know."""
        rows = [stretch.rows for stretch in self.stretches if stretch.rows is not None]
        return sum(rows) if len(rows) == len(self.stretches) else None


def encoded(plan: Plan) -> bytes:
    """Write a plan as JSON; the same plan gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(_written(plan), order="deterministic"), indent=1)


def decoded(data: bytes, where: str) -> Plan:
    """Read a plan; raises `ValueError` with what is wrong."""
    try:
        return msgspec.json.decode(data, type=Plan)
    except msgspec.DecodeError as error:
        raise ValueError(f"{where}: expected a plan of this version of Slipway. Received: {error}") from error


def _written(value: Any) -> Any:
    """Write every field: what is left out as usual depends on which object a text is, and not on its letters."""
    if isinstance(value, msgspec.Struct):
        return {name: _written(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    return {key: _written(each) for key, each in value.items()} if isinstance(value, Mapping) else value


def stretches(groups: Sequence[Sequence[int]], most_rows: int) -> tuple[Stretch, ...]:
    """Divide files: neighbouring row groups of at most so many rows together, one larger group, or a whole file."""
    found = itertools.chain.from_iterable(_of_file(file, rows, most_rows) for file, rows in enumerate(groups))
    return tuple([msgspec.structs.replace(stretch, number=number) for number, stretch in enumerate(found)])


def _of_file(file: int, groups: Sequence[int], most_rows: int) -> Iterator[Stretch]:
    if not groups:
        yield Stretch(number=0, file=file)
        return
    first, row, rows = 0, 1, 0
    for group, more in enumerate([*groups, most_rows + 1]):
        if rows and (rows + more > most_rows or group == len(groups)):
            yield Stretch(number=0, file=file, groups=(first, group), first_row=row, rows=rows)
            first, row, rows = group, row + rows, 0
        rows += more


def differences(mine: Plan, theirs: Plan) -> list[str]:
    """Say in what another plan differs; the size of a run is not among it, for whoever comes first measures it."""
    found = list(_different("", _written(mine), _written(theirs)))
    more = [f"and {len(found) - MOST_SHOWN:,} more"] if len(found) > MOST_SHOWN else []
    return [f"{name}: {one} here, {other} there" for name, one, other in found[:MOST_SHOWN]] + more


def _different(name: str, mine: Any, theirs: Any) -> Iterator[tuple[str, str, str]]:
    if mine == theirs or name in ("run_rows", "stretches"):  # stretches follow from the rest
        return
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in sorted({*mine, *theirs}):
            yield from _different(f"{name}.{key}".removeprefix("."), mine.get(key), theirs.get(key))
    elif name == "inputs" and len(mine) == len(theirs):
        for one, other in zip(mine, theirs, strict=True):
            yield from _different(f"input {one['name']}", one, other)
    elif name == "inputs":
        yield "inputs", f"{len(mine):,} files", f"{len(theirs):,} files"
    else:
        yield name, str(mine)[:SHOWN_CHARS], str(theirs)[:SHOWN_CHARS]
