import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.prepare import Data
from training.data.split import Keys, Split, drawn, split
from training.errors import DataError
from training.tasks.parts import Strata


def keys(rows: int, different: int | None = None) -> Keys:
    return (np.arange(rows) % (different or rows)).astype(np.uint64)


def by_two(rows: int, seed: int = 0) -> Split:
    return split(keys(rows), strata=Strata(("no", "yes"), np.arange(rows) % 2), validation=0.15, test=0.2, seed=seed)


@settings(deadline=None, max_examples=25)
@given(rows=st.integers(20, 400), seed=st.integers(0, 9))
def test_every_row_is_in_exactly_one_part(rows: int, seed: int) -> None:
    parts = by_two(rows, seed)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(rows))


def test_shares_and_classes_are_kept() -> None:
    parts = by_two(1000)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (650, 150, 200)
    for part in (parts.train, parts.validation, parts.test):
        assert np.mean(part % 2) == 0.5


def test_a_seed_repeats_the_split_and_another_changes_it() -> None:
    assert np.array_equal(by_two(300, 1).test, by_two(300, 1).test)
    assert not np.array_equal(by_two(300, 1).test, by_two(300, 2).test)


def test_equal_rows_stay_on_one_side() -> None:
    """Whatever their classes are."""
    same = keys(600, 60)
    parts = split(same, strata=Strata(("no", "yes"), np.arange(600) // 60 % 2), validation=0.2, test=0.2, seed=0)
    sides = [set(same[part].tolist()) for part in (parts.train, parts.validation, parts.test)]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_prepared_parts_share_no_row(data: Data) -> None:
    rows = data.table.features.assign(target=data.table.target)
    sides = [rows.iloc[part].drop_duplicates() for part in vars(data.parts).values()]
    assert len(pd.concat(sides).drop_duplicates()) == sum(map(len, sides))


def test_a_class_with_too_few_rows_is_named() -> None:
    y = np.array([0] * 30 + [1] * 29 + [2])
    with pytest.raises(DataError, match=r"'rare' \(1\)"):
        split(keys(60), strata=Strata(("a", "b", "rare"), y), validation=0.2, test=0.2, seed=0)


def test_many_classes_in_few_rows_still_split() -> None:
    strata = Strata(tuple(str(i) for i in range(20)), np.arange(60) % 20)
    parts = split(keys(60), strata=strata, validation=0.05, test=0.05, seed=0)
    assert len(parts.test) == len(parts.validation) == 20


def test_a_group_counts_as_of_its_rarest_class() -> None:
    """Or a rare class whose rows share their features with others would stand in no part."""
    y = np.zeros(200, np.int64)
    y[[100, 120, 140, 160]] = 1  # each in a group whose first row is of the other class
    parts = split(keys(200, 100), strata=Strata(("no", "rare"), y), validation=0.2, test=0.2, seed=0)
    assert all(1 in y[part] for part in (parts.train, parts.validation, parts.test))


def test_hashes_draw_parts_by_their_shares() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**64, 20_000, np.uint64)
    shares = np.bincount(drawn(hashes, validation=0.15, test=0.2)) / 20_000
    np.testing.assert_allclose(shares, [0.65, 0.15, 0.2], atol=0.01)
