"""Rows divided by group: no group on two sides, whole, streamed and in folds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.data.ways.tables import ROWS, prepared, table
from training.data.redivision import folds
from training.data.split import Split
from training.data.ways.base import Undivided, as_split
from training.data.ways.by_group import ByGroup
from training.errors import DataError
from training.options import Options
from training.tasks.parts import Strata

STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def sides(names: np.ndarray, parts: Split) -> list[set[object]]:
    return [set(names[part].tolist()) for part in vars(parts).values()]


def apart(found: list[set[object]]) -> bool:
    return not (found[0] & found[1] or found[0] & found[2] or found[1] & found[2])


def undivided(groups: np.ndarray, y: np.ndarray | None, seed: int) -> Undivided:
    strata = None if y is None else Strata(("no", "yes"), y)
    keys = np.arange(len(groups), dtype=np.uint64)
    return Undivided(keys, groups.astype(np.uint64) * 2 + 1, lambda: strata, 0.15, 0.2, seed)


class Account:
    name = "customer"


def by_group() -> ByGroup:
    chosen = Options.of(data=Path("rows.csv"), group_column="customer").data
    return ByGroup(chosen, Account())  # type: ignore[arg-type]


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=6, max_size=80),
    count=st.integers(2, 5),
    is_labelled=st.booleans(),
    seed=st.integers(0, 9),
)
def test_no_group_stands_on_two_sides(sizes: list[int], count: int, is_labelled: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    y = random.integers(2, size=len(groups)) if is_labelled else None
    way, rows = by_group(), undivided(groups, y, seed)
    try:
        found = [as_split(way.deal(rows).part), *way.folds(rows, count)]
    except DataError as error:  # a class that is in too few groups
        assert "none of" in str(error)  # noqa: PT017
        return
    for parts in found:
        assert apart(sides(groups, parts))
        together = np.sort(np.concatenate(list(vars(parts).values())))
        np.testing.assert_array_equal(together, np.arange(len(groups)))
        assert all(map(len, vars(parts).values()))
    tested = np.sort(np.concatenate([parts.test for parts in found[1:]]))
    np.testing.assert_array_equal(tested, np.arange(len(groups)))  # each once


@STREAM
def test_whole_and_streamed_tables_keep_groups_together(tmp_path: Path, stream: bool) -> None:
    rows = table(2000)
    data = prepared(rows, tmp_path, group_column="customer", stream=stream)
    assert "customer" not in data.table.features
    fate = {column.name: column.fate for column in data.table.columns}["customer"]
    assert fate == "dropped: it says which rows belong together (--group-column)"
    assert apart(sides(data.table.values, data.parts))
    assert sum(data.table.split["groups"].values()) == 40
    assert data.rows.test / 2000 == pytest.approx(0.2, abs=0.03)
    assert data.rows.validation / 2000 == pytest.approx(0.15, abs=0.03)
    for part in (data.train, data.validation, data.test):
        assert part.units is not None
    assert data.test.units is not None
    assert len(np.unique(data.test.units)) == data.table.split["groups"]["test"]
    assert f"for test: {data.table.split['groups']['test']}." in data.table.said


def test_folds_of_a_table_keep_groups_together_and_classes_everywhere(tmp_path: Path) -> None:
    data = prepared(table(1000), tmp_path, "sold", group_column="customer")
    y = data.task.encode(data.table.target)
    sizes = []
    for parts in folds(data, 4, 0):
        assert apart(sides(data.table.values, parts))
        sizes.append(len(parts.test))
        assert all(len(np.unique(y[part])) == 2 for part in vars(parts).values())
    assert max(sizes) < 1.3 * min(sizes)


def test_classes_keep_about_their_shares() -> None:
    """A rare class whose groups are pure stands in each part."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), 10)
    y = np.repeat((np.arange(200) < 12).astype(int), 10)
    order = random.permutation(len(groups))
    parts = as_split(by_group().deal(undivided(groups[order], y[order], 0)).part)
    assert [y[order][part].mean() for part in vars(parts).values()] == pytest.approx([0.06] * 3, abs=0.03)


def test_a_group_that_is_larger_than_a_part_teaches() -> None:
    groups = np.repeat(np.arange(21), [600, *[20] * 20])
    parts = as_split(by_group().deal(undivided(groups, None, 3)).part)
    assert 0 in groups[parts.train]
    assert len(parts.test) == pytest.approx(200, abs=20)


def test_rows_without_a_group_are_groups_of_their_own(tmp_path: Path) -> None:
    rows = table()
    rows.loc[:99, "customer"] = None
    data = prepared(rows, tmp_path, group_column="customer")
    assert "100 rows without a value of `customer` are groups of their own" in data.warnings
    assert sum(data.table.split["groups"].values()) == 100 + rows["customer"].nunique()
    alone = data.table.values == 0
    assert all(alone[part].any() for part in vars(data.parts).values())


def test_numbers_name_groups_too(tmp_path: Path) -> None:
    rows = table().assign(customer=lambda frame: frame["customer"].str[1:].astype(int))
    assert sum(prepared(rows, tmp_path, group_column="customer").table.split["groups"].values()) == 40


def test_fewer_than_three_groups_are_refused_with_their_count(tmp_path: Path) -> None:
    two = table().assign(customer=np.where(np.arange(ROWS) % 2, "a", "b"))
    with pytest.raises(DataError, match=r"`--group-column`: expected at least 3 groups in 'customer'. Received: 2"):
        prepared(two, tmp_path, group_column="customer")
    three = table().assign(customer=np.array(["a", "b", "c"])[np.arange(ROWS) % 3])
    assert prepared(three, tmp_path, group_column="customer").table.split["groups"] == {
        "train": 1,
        "validation": 1,
        "test": 1,
    }


def test_a_class_of_one_group_is_refused_by_name(tmp_path: Path) -> None:
    rows = table().assign(sold=lambda frame: np.where(frame["customer"] == "c1", "yes", "no"))
    with pytest.raises(DataError, match=r"`--group-column`: expected rows of each class .* none of 'yes' among"):
        prepared(rows, tmp_path, "sold", group_column="customer")


def test_too_few_groups_for_the_folds_are_refused(tmp_path: Path) -> None:
    four = table().assign(customer=np.arange(ROWS) % 6)
    with pytest.raises(DataError, match=r"`--folds`: expected at least 9 groups of 'customer'"):
        folds(prepared(four, tmp_path, group_column="customer"), 9, 0)


def test_another_seed_draws_other_groups(tmp_path: Path) -> None:
    rows: pd.DataFrame = table()
    first, again, other = (
        prepared(rows, tmp_path, group_column="customer", seed=seed).parts.test.tolist() for seed in (0, 0, 1)
    )
    assert first == again != other


def test_the_largest_of_few_groups_teaches() -> None:
    groups = np.repeat(np.arange(5), [914, 270, 123, 1, 1])
    for seed in range(10):
        parts = as_split(by_group().deal(undivided(groups, None, seed)).part)
        assert set(groups[parts.train]) == {0}
        assert min(len(parts.validation), len(parts.test)) > 0
