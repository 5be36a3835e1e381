"""Clean: the table as read -> features and target that a model can learn from, and what was left out.

    rows without a target, columns that say nothing, repeated rows: removed, counted and said

It knows nothing about splits, tensors or networks.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from training.columns.values import ColumnType, convert, infer, reason_to_drop
from training.errors import DataError
from training.features.dates import is_date, parts_in

MIN_ROWS = 50  # below, a test split of a fifth cannot tell a good model from a bad one


@dataclass(frozen=True)
class Column:
    """One column of the file and what became of it."""

    name: str
    type: ColumnType
    missing_share: float
    different: int
    example: str
    fate: str  # "feature", "target", or "dropped: why"


@dataclass(frozen=True)
class Table:
    """What is learned from: converted features, the raw target, and the account of the cleaning."""

    features: pd.DataFrame  # (rows, features): float64 with NaN, or text with ""
    types: dict[str, ColumnType]  # feature -> type
    target: pd.Series  # (rows,) as read
    columns: tuple[Column, ...]  # every column of the file, in order
    rows_read: int
    rows_without_target: int
    rows_repeated: int


def clean(frame: pd.DataFrame, target: str | None, drop: Sequence[str] = (), *, keep_duplicates: bool = False) -> Table:
    """Choose the columns and rows to learn from.

    Raises:
        DataError: when the target is missing or constant, or too little is left.
    """
    check_columns(frame, target, drop)
    assert target is not None
    labelled = frame[frame[target].notna()]
    if labelled.empty:
        raise DataError(f"`--target`: expected values in {target!r}. Received: only missing cells.")
    if labelled[target].nunique() < 2:
        only = str(labelled[target].iloc[0])
        raise DataError(f"`--target`: expected at least two different values in {target!r}. Received: only {only!r}.")
    distinct = labelled if keep_duplicates else labelled.drop_duplicates()  # so that identifiers are unique
    columns, features = _choose(distinct, target, drop)
    joined = pd.DataFrame({**features, target: distinct[target]})
    kept = joined if keep_duplicates else joined.drop_duplicates()  # rows that differed in a dropped column alone
    repeated = len(labelled) - len(kept)
    check_enough(len(kept), repeated)
    kept = kept.reset_index(drop=True)
    return Table(
        features=kept[list(features)],
        types={column.name: column.type for column in columns if column.fate == "feature"},
        target=kept[target],
        columns=tuple(columns),
        rows_read=len(frame),
        rows_without_target=len(frame) - len(labelled),
        rows_repeated=repeated,
    )


def check_columns(frame: pd.DataFrame, target: str | None, names: Sequence[str]) -> None:
    """Refuse a target or a named column that the file does not have.

    Raises:
        DataError: with the list of columns.
    """
    there = ", ".join(frame.columns)
    if target is None:
        raise DataError(f"`--target`: expected one of the columns: {there}. Received: nothing.")
    if target not in frame.columns:
        near = difflib.get_close_matches(target.lower(), [name.lower() for name in frame.columns], n=1)
        meant = next((f" Is it {name!r}?" for name in frame.columns if name.lower() in near), "")
        raise DataError(f"`--target`: expected one of the columns: {there}. Received: {target!r}.{meant}")
    for name in names:
        if name not in frame.columns:
            raise DataError(f"`--drop`, `--categorical`: expected one of the columns: {there}. Received: {name!r}.")
        if name == target:
            raise DataError(f"`--drop`, `--categorical`: expected a feature. Received: {name!r}, which is the target.")


def _choose(frame: pd.DataFrame, target: str, drop: Sequence[str]) -> tuple[list[Column], dict[str, pd.Series]]:
    """Convert every column and keep those a model can learn from."""
    columns, features = [], {}
    for name in frame.columns:
        column, values = _examine(frame[name], target, drop, parts_in(frame.columns, str(name)))
        columns.append(column)
        if column.fate == "feature":
            features[name] = values
    check_some(columns)
    return columns, features


def check_some(columns: Sequence[Column]) -> None:
    """Refuse a table without a feature.

    Raises:
        DataError: with what became of each column.
    """
    if not any(column.fate == "feature" for column in columns):
        account = "; ".join(f"{column.name}: {column.fate}" for column in columns)
        raise DataError(f"`DATA`: expected at least one column to learn from. Received: {account}.")


def _examine(series: pd.Series, target: str, drop: Sequence[str], parts: list[str]) -> tuple[Column, pd.Series]:
    name = str(series.name)
    type_ = infer(series)
    values = convert(series, type_)
    if name == target:
        fate = "target"
    elif name in drop:
        fate = "dropped: as asked"
    elif parts and is_date(series):
        fate = f"dropped: in its place stand {', '.join(parts)}"
    else:
        reason = reason_to_drop(values, type_)
        fate = f"dropped: {reason}" if reason else "feature"
    present = series.dropna()
    example = str(present.iloc[0]) if len(present) else ""
    missing_share = float((values == "").mean() if type_ == "string" else values.isna().mean())
    return Column(name, type_, missing_share, int(present.nunique()), example, fate), values


def check_enough(rows: int, repeated: int = 0) -> None:
    """Refuse too few rows.

    Raises:
        DataError: with how many there are.
    """
    if rows >= MIN_ROWS:
        return
    hint = f" ({repeated} repeated rows were removed; --keep-duplicates keeps them)" if repeated else ""
    raise DataError(f"`DATA`: expected at least {MIN_ROWS} different rows with a target. Received: {rows}{hint}.")
