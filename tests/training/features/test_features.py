import numpy as np
import pandas as pd
import pytest

from training.columns.arrays import spread_places
from training.data.prepare import Data
from training.features.features import MIN_VALUE_ROWS, NUMERIC, describe, instances_to_tensors, tensors


def test_statistics_come_from_the_training_rows_alone(data: Data) -> None:
    """Changing every other row changes no statistic."""
    changed = data.table.features.copy()
    others = np.concatenate([data.parts.validation, data.parts.test])
    changed.loc[changed.index[others], "size"] = 1e6
    changed.loc[changed.index[others], "color"] = "violet"
    again = describe(changed.iloc[data.parts.train], data.table.types, bins=4, max_vocabulary=1000)
    assert again == data.features
    everything = describe(changed, data.table.types, bins=4, max_vocabulary=1000)
    assert everything != data.features


def test_numbers_are_described_without_their_gaps() -> None:
    features = describe(pd.DataFrame({"a": [1.0, 2.0, 3.0, np.nan]}), {"a": "number"}, bins=2, max_vocabulary=9)
    (number,) = features.numbers
    assert (number.minimum, number.maximum, number.mean, number.median) == (1.0, 3.0, 2.0, 2.0)
    assert number.missing_share == 0.25


def test_a_column_that_training_never_saw_filled_is_described() -> None:
    features = describe(pd.DataFrame({"a": [np.nan] * 4}), {"a": "number"}, bins=2, max_vocabulary=9)
    assert features.numbers[0].deviation == 0
    assert features.numbers[0].missing_share == 1


def test_a_value_that_is_everywhere_takes_one_piece_of_the_range() -> None:
    """Nine tenths zeros: plain quantiles would leave almost no edge among the other values."""
    values = np.concatenate([np.zeros(900), np.arange(1, 101)])
    features = describe(pd.DataFrame({"a": values}), {"a": "number"}, bins=20, max_vocabulary=9)
    edges = features.numbers[0].edges
    assert edges[0] == 0
    assert edges[-1] == 100
    assert len(edges) >= 10


@pytest.mark.parametrize("rows", [12, 100, 5000])
def test_pieces_hold_enough_rows(rows: int) -> None:
    features = describe(pd.DataFrame({"a": np.arange(rows) / 7}), {"a": "number"}, bins=48, max_vocabulary=9)
    assert 2 <= len(features.numbers[0].edges) <= min(49, rows // 10 + 1)


def test_vocabularies_are_frequent_values_first_and_bounded() -> None:
    values = ["b"] * 9 + ["a"] * 5 + ["c"] * 5 + ["rare"] * (MIN_VALUE_ROWS - 1) + [""] * 3
    frame = pd.DataFrame({"a": values})
    assert describe(frame, {"a": "string"}, bins=2, max_vocabulary=9).categories[0].vocabulary == ("b", "a", "c")
    assert describe(frame, {"a": "string"}, bins=2, max_vocabulary=2).categories[0].vocabulary == ("b", "a")


def test_instances_become_the_same_tensors_as_rows(data: Data) -> None:
    rows = data.table.features.head(20)
    expected = tensors(rows, data.features)
    plain = rows.astype(object).where(rows.notna() & (rows != ""), None)
    received = instances_to_tensors([dict(row) for _, row in plain.iterrows()], data.features)
    for name, array in expected.items():
        np.testing.assert_array_equal(received[name], array)


def test_tensors_hold_floats_and_text(data: Data) -> None:
    arrays = tensors(data.table.features, data.features)
    assert arrays[NUMERIC].dtype == np.float32
    assert arrays[NUMERIC].shape == (len(data.table.features), len(data.features.numbers))


@pytest.mark.parametrize(("there", "wanted"), [(10, 4), (4, 10), (1, 3), (5, 5)])
def test_spread_places_cover_both_ends(there: int, wanted: int) -> None:
    places = spread_places(there, wanted)
    assert len(places) == wanted
    assert places[0] == 0
    assert places.max() == there - 1 or wanted < 2
