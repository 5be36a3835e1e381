"""Filling: a surveyed file -> cells of the rows that have a target, and an account of each column.

It knows nothing about splits or networks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.bundle import limits
from app.features.names import refusal
from app.sources.tally import NUMBERS
from training.columns.values import floats
from training.data.accounts import DROPPED, FEATURE, TARGET, Account, Column
from training.data.cells import Cells
from training.data.columns_asked import wished_types
from training.data.roles import PART, WEIGHTS, Role, Weighed, by_column, check_parts_named, roles
from training.data.survey import Seen, Survey, chunks
from training.errors import DataError, told
from training.features.registry import feature_type
from training.options import Options
from training.tasks.base import Task
from training.tasks.registry import tasks_of
from training.tasks.target import Target, present
from training.tasks.truths import TargetColumn


@dataclass(frozen=True)
class Filled:
    """The rows that have a target."""

    cells: Cells  # of the columns that may be features or have a role, and of the target
    roles: Mapping[str, Role]  # of the columns that have one
    accounts: Mapping[str, Account]  # of the columns that may be features
    target: Target
    columns: tuple[Column, ...]  # every column of the file, in order
    weightless: int  # rows that have a target and a weight of zero: they are left out, as what counts nothing


def fill(found: Survey, options: Options, *, in_memory: bool, seen: Seen) -> Filled:
    """Read the file again by the types of its columns; raise a DataError for a target that nobody can predict."""
    name, truth = str(options.data.target), _columns_of_target(found, options)
    tasks = _tasks(truth, options)
    target, cells = Target(name, tasks), Cells(in_memory=in_memory)
    given = roles(options.data)
    having_role = by_column(given)
    accounts = {
        column: Account(column, feature_type(type_))
        for column, type_ in found.types.items()
        if type_ is not None
        and column not in options.data.targets
        and (column not in options.data.drop or column in having_role)
    }
    weighed = _weighed(given, found)
    misfits = dict.fromkeys(set(accounts) & set(wished_types(options.data)), 0)
    with told():
        for chunk in chunks(found.source, seen):
            values = dict(zip(found.source.names, chunk.columns.columns, strict=True))
            truths = tasks[0].cells([values[column.name] for column in truth], truth, options)
            kept = present(truths)
            rows = {}
            if weighed is not None:
                weights = floats(values[weighed.column], found.verdicts[weighed.column].rule)
                kept = weighed.counting(weights, kept, chunk.first_row)
            for column, account in accounts.items():
                made = _cells(account, values[column], found)
                if column in misfits:
                    misfits[column] += int((account.type.is_missing(made)).sum()) - _empty(values[column])
                rows[column] = made[kept]
                account.add(rows[column])
            if weighed is not None:
                rows[weighed.column] = weights[kept]
            if PART in given and given[PART].column in rows:
                check_parts_named(given[PART], rows[given[PART].column], chunk.first_row + np.flatnonzero(kept))
            target.add(truths[kept])
            cells.add({**rows, name: truths[kept]})
    if weighed is not None:
        weighed.check()
    _check_misfits(misfits, found)
    weightless = 0 if weighed is None else weighed.zeros
    return Filled(cells, given, accounts, target, _columns(found, accounts, target, options), weightless)


def _weighed(given: Mapping[str, Role], found: Survey) -> Weighed | None:
    """Return what takes in the weights; raise a DataError for a column that holds none."""
    if WEIGHTS not in given:
        return None
    role = given[WEIGHTS]
    if (kind := found.verdicts[role.column].kind) != NUMBERS:
        raise DataError(f"`{role.flag}`: expected a column of numbers. Received: {role.column!r}, of {kind}.")
    return Weighed(role)


def _columns_of_target(found: Survey, options: Options) -> tuple[TargetColumn, ...]:
    """Return what is known of the columns of the target."""
    columns = []
    for name in options.data.targets:
        verdict, words = found.verdicts[name], found.tallies[name].words
        known = None if words is None else tuple(words)
        columns.append(TargetColumn(name, verdict.kind, verdict.rule, known, verdict.arrow_type))
    return tuple(columns)


def _tasks(columns: Sequence[TargetColumn], options: Options) -> tuple[type[Task], ...]:
    """Return the tasks that a target may ask for; refuse one that no task takes, or not the one that was asked for."""
    tasks = tasks_of(columns, options.data.task)
    if tasks:
        return tasks
    if len(columns) > 1:
        raise DataError(
            "`--target`: expected both 0 and 1, true and false, or yes and no in each of several columns, for several "
            f"labels a row. Received: {', '.join(map(str, columns))}. Say one column, or make such columns of them."
        )
    (column,) = columns
    raise DataError(
        f"`--target`: expected numbers, labels or true and false in {column.name!r}. Received: {column.arrow_type} "
        f"({column.kind}). Turn it into a number or a label."
    )


def _cells(account: Account, values: pa.Array, found: Survey) -> NDArray[Any]:
    """Return the cells of some rows; a DataError says that a type cannot be what a person said."""
    try:
        return account.type.cells(values, found.verdicts[account.name].rule)
    except (pa.ArrowException, ValueError, TypeError) as error:
        wished = f"values in {account.name!r} that can be of type {account.type.name}"
        raise DataError(f"`--type`: expected {wished}. Received: {values.type}.") from error


def _empty(values: pa.Array) -> int:
    """Count the cells that are null, or an empty text."""
    is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    empty: int = pc.sum(pc.equal(values, ""), min_count=0).as_py() if is_text else 0
    return int(values.null_count) + empty


def _check_misfits(misfits: Mapping[str, int], found: Survey) -> None:
    """Refuse a type that a person gave to a column whose cells are of another."""
    for name, count in misfits.items():
        if count > 0:
            tally = found.tallies[name]
            odd = tally.first_text[0] if tally.first_text else tally.sample[0]
            raise DataError(
                f"`--type`: expected cells of {name!r} that are of type {found.types[name]}. Received: {count:,} of "
                f"{tally.present:,} that are not, such as {odd!r}. Say --missing WORD where a word means none."
            )


def _columns(found: Survey, accounts: Mapping[str, Account], target: Target, options: Options) -> tuple[Column, ...]:
    """Say what became of each column, in the order of the file."""
    columns, having_role = [], by_column(roles(options.data))
    for name in found.tallies:
        if name in options.data.targets:
            seen = found.column(name, TARGET)
            columns.append(replace(seen, missing_share=0.0, different=target.different, example=target.example))
        elif name in having_role and having_role[name].reason is not None:
            columns.append(found.column(name, f"{DROPPED}: {having_role[name].reason}"))
        elif name in options.data.drop:
            columns.append(found.column(name, f"{DROPPED}: as asked"))
        elif name not in accounts:
            reason = f"{DROPPED}: no type of features takes {found.verdicts[name].arrow_type}"
            columns.append(found.column(name, reason))
        else:
            columns.append(accounts[name].column(_unnamed(name, found), found.written(name)))
    _check_features(columns)
    return tuple(columns)


def _check_features(columns: Sequence[Column]) -> None:
    """Refuse features that no service can take, by their names or their number, before anything is fitted."""
    if (count := sum([column.fate == FEATURE for column in columns])) > limits.FEATURES_MAX:
        raise DataError(f"`DATA`: expected at most {limits.FEATURES_MAX} features. Received: {count}. Use --drop")
    for column in columns:
        if column.fate == FEATURE and (expected := refusal(column.name)) is not None:
            raise DataError(
                f"`DATA`: expected names of columns that callers can send: {expected}. Received: the column "
                f"{column.name!r}. Name it otherwise, or leave it out: --drop"
            )


def _unnamed(name: str, found: Survey) -> str | None:
    is_empty = name in found.source.unnamed and not found.tallies[name].present
    return "it has no name, and every cell is missing" if is_empty else None
