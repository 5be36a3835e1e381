"""Clean: the table as read -> features and target that a model can learn from, and what was left out.

    rows without a target, columns that say nothing, repeated rows: removed, counted and said

It knows nothing about splits, tensors or networks.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from training.columns.summaries import Summary
from training.errors import DataError
from training.features.base import Content, FeatureType
from training.features.registry import broadest, recognise

MIN_ROWS = 50  # below, a test split of a fifth cannot tell a good model from a bad one
FEATURE, TARGET, DROPPED = "feature", "target", "dropped"


@dataclass(frozen=True)
class Column:
    """One column of the file and what became of it."""

    name: str
    type: str  # the name of its type
    missing_share: float
    different: int
    example: str
    fate: str  # "feature", "target", or "dropped: why"


@dataclass(frozen=True)
class Table:
    """What is learned from: cells of the features, the raw target, and the account of the cleaning."""

    features: pd.DataFrame  # (rows, features): cells, as the features' types make them
    types: dict[str, str]  # feature -> the name of its type
    summaries: Mapping[str, Summary]  # feature -> what was kept of all its cells, whatever their part
    target: pd.Series  # (rows,) as read
    columns: tuple[Column, ...]  # every column of the file, in order
    rows_read: int
    rows_without_target: int
    rows_repeated: int
    remarks: tuple[str, ...] = ()  # what a person should know of how columns were read


def clean(
    frame: pd.DataFrame,
    target: str | None,
    drop: Sequence[str] = (),
    names: Collection[str] = (),
    *,
    keep_duplicates: bool = False,
) -> Table:
    """Choose the columns and rows to learn from; columns in `names` hold names, whatever they look like.

    Raises a DataError when the target is missing or constant, or too little is left.
    """
    check_columns(list(frame.columns), target, drop)
    assert target is not None
    labelled = frame[frame[target].notna()]
    _check_target(labelled[target])
    types = {str(name): broadest() if name in names else recognise(labelled[name]) for name in frame.columns}
    cells = pd.DataFrame({name: types[name].convert(labelled[name]) for name in types if name != target})
    cells[target] = labelled[target]
    distinct = cells if keep_duplicates else cells.drop_duplicates()  # so that identifiers are unique
    examined = [_examine(labelled[name], distinct[name], types[name], target, drop) for name in types]
    columns = [column for column, _ in examined]
    check_some(columns)
    features = {column.name: summary for column, summary in examined if column.fate == FEATURE}
    joined = distinct[[*features, target]]
    kept = joined if keep_duplicates else joined.drop_duplicates()  # rows that differed in a dropped column alone
    repeated = len(labelled) - len(kept)
    check_enough(len(kept), repeated)
    kept = kept.reset_index(drop=True)
    return Table(
        features=kept[list(features)],
        types={name: types[name].name for name in features},
        summaries=features,
        target=kept[target],
        columns=tuple(columns),
        rows_read=len(frame),
        rows_without_target=len(frame) - len(labelled),
        rows_repeated=repeated,
        remarks=tuple(said for name, of in features.items() for said in types[name].remarks(name, of)),
    )


def _check_target(values: pd.Series) -> None:
    if values.empty:
        raise DataError(f"`--target`: expected values in {values.name!r}. Received: only missing cells.")
    if values.nunique() < 2:
        only = str(values.iloc[0])
        raise DataError(
            f"`--target`: expected at least two different values in {values.name!r}. Received: only {only!r}."
        )


def check_columns(columns: Sequence[str], target: str | None, names: Sequence[str]) -> None:
    """Refuse a target or a named column that is not there, with a DataError that lists those that are."""
    there = ", ".join(columns)
    if target is None:
        raise DataError(f"`--target`: expected one of the columns: {there}. Received: nothing.")
    if target not in columns:
        near = difflib.get_close_matches(target.lower(), [name.lower() for name in columns], n=1)
        meant = next((f" Is it {name!r}?" for name in columns if name.lower() in near), "")
        raise DataError(f"`--target`: expected one of the columns: {there}. Received: {target!r}.{meant}")
    for name in names:
        if name not in columns:
            raise DataError(f"`--drop`, `--categorical`: expected one of the columns: {there}. Received: {name!r}.")
        if name == target:
            raise DataError(f"`--drop`, `--categorical`: expected a feature. Received: {name!r}, which is the target.")


def check_some(columns: Sequence[Column]) -> None:
    """Refuse a table without a feature, with a DataError that says what became of each column."""
    if not any(column.fate == "feature" for column in columns):
        account = "; ".join(f"{column.name}: {column.fate}" for column in columns)
        raise DataError(f"`DATA`: expected at least one column to learn from. Received: {account}.")


def _examine(
    series: pd.Series, cells: pd.Series, type_: FeatureType, target: str, drop: Sequence[str]
) -> tuple[Column, Summary]:
    name = str(series.name)
    summary = type_.summary()
    present = series.dropna()
    example = str(present.iloc[0]) if len(present) else ""
    if name == target:
        return Column(name, type_.name, 0.0, int(present.nunique()), example, TARGET), summary
    summary.add(cells.to_numpy())
    content = Content(summary, len(pd.unique(cells[~type_.is_missing(cells.to_numpy())])))
    fate = fate_of(name, type_, content, drop)
    return Column(name, type_.name, summary.missing_share, content.different, example, fate), summary


def fate_of(name: str, type_: FeatureType, content: Content, drop: Sequence[str]) -> str:
    """Say what becomes of a column that is not the target."""
    if name in drop:
        return f"{DROPPED}: as asked"
    reason = type_.objection(content, name)
    return f"{DROPPED}: {reason}" if reason else FEATURE


def check_enough(rows: int, repeated: int = 0) -> None:
    """Refuse too few rows, with a DataError that says how many there are."""
    if rows >= MIN_ROWS:
        return
    hint = f" ({repeated} repeated rows were removed; --keep-duplicates keeps them)" if repeated else ""
    raise DataError(f"`DATA`: expected at least {MIN_ROWS} different rows with a target. Received: {rows}{hint}.")
