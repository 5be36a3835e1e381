import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.prepare import Data
from training.data.split import Split, split
from training.errors import DataError
from training.tasks.parts import Strata


def by_two(rows: int, seed: int = 0) -> Split:
    features, y = pd.DataFrame({"a": np.arange(rows)}), np.arange(rows) % 2
    return split(features, y, strata=Strata(("no", "yes"), y), validation=0.15, test=0.2, seed=seed)


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
    features = pd.DataFrame({"a": np.arange(600) % 60})
    y = np.arange(600) % 60 % 2
    parts = split(features, y, strata=Strata(("no", "yes"), y), validation=0.2, test=0.2, seed=0)
    sides = [set(features["a"].iloc[part]) for part in (parts.train, parts.validation, parts.test)]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


def test_prepared_parts_share_no_row(data: Data) -> None:
    rows = data.table.features.assign(target=data.table.target)
    sides = [rows.iloc[part] for part in (data.parts.train, data.parts.validation, data.parts.test)]
    assert len(pd.concat([side.drop_duplicates() for side in sides]).drop_duplicates()) == sum(map(len, sides))


def test_a_class_with_too_few_rows_is_named() -> None:
    features = pd.DataFrame({"a": np.arange(60)})
    y = np.array([0] * 30 + [1] * 29 + [2])
    with pytest.raises(DataError, match=r"'rare' \(1\)"):
        split(features, y, strata=Strata(("a", "b", "rare"), y), validation=0.2, test=0.2, seed=0)


def test_many_classes_in_few_rows_still_split() -> None:
    features = pd.DataFrame({"a": np.arange(60)})
    strata = Strata(tuple(str(i) for i in range(20)), np.arange(60) % 20)
    parts = split(features, strata.of, strata=strata, validation=0.05, test=0.05, seed=0)
    assert len(parts.test) == len(parts.validation) == 20


def test_rows_whose_targets_are_lists_are_equal_if_all_is_equal() -> None:
    features = pd.DataFrame({"a": np.arange(400) % 40})
    y = np.stack([np.arange(400) % 40, np.arange(400) % 80], axis=1)
    parts = split(features, y, strata=None, validation=0.2, test=0.2, seed=0)
    sides = [set(map(tuple, y[part].tolist())) for part in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, sides)) == 80
