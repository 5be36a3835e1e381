from pathlib import Path

import numpy as np
import pandas as pd

from training.data.prepare import Data
from training.features.features import Features, describe
from training.options import Options

OPTIONS = Options.of(data=Path("data.csv"), bins=4)


def described(data: Data, cells: pd.DataFrame) -> Features:
    return describe(cells, data.table.types, OPTIONS, data.table.summaries)


def test_statistics_come_from_the_training_rows_alone(data: Data) -> None:
    """Changing every other row changes no statistic."""
    changed = data.table.features.copy()
    others = np.concatenate([data.parts.validation, data.parts.test])
    changed.loc[changed.index[others], "size"] = 1e6
    changed.loc[changed.index[others], "color"] = "violet"
    assert described(data, changed.iloc[data.parts.train]) == data.features
    assert described(data, changed) != data.features


def test_features_stand_in_the_order_of_the_file_and_tensors_by_type(data: Data) -> None:
    features = data.features
    assert features.order == tuple(features.columns) == ("size", "weight", "color", "city", "old")
    assert [(tensor.name, tensor.dtype, tensor.shape) for tensor in features.tensors] == [
        ("numeric", "float32", (2,)),
        ("boolean", "float32", (1,)),
        ("categorical", "string", (2,)),
    ]
    assert [features.manifest(name)["column"] for name in features.order] == [0, 1, 0, 1, 0]


def test_rows_of_callers_become_the_same_tensors(data: Data) -> None:
    cells = data.table.features.head(20)
    instances = data.features.to_instances(cells)
    assert any(None in instance.values() for instance in instances)
    expected, received = data.features.arrays(cells), data.features.from_instances(instances)
    assert list(received) == list(expected) == [tensor.name for tensor in data.features.tensors]
    for name, array in expected.items():
        assert received[name].dtype == array.dtype
        np.testing.assert_array_equal(received[name], array)


def test_missing_cells_are_known_by_their_types(data: Data) -> None:
    missing = data.features.is_missing(data.table.features)
    assert {name: bool(missing[name].any()) for name in missing} == {
        "size": True,
        "weight": False,
        "color": True,
        "city": False,
        "old": False,
    }


def test_one_feature_is_mixed_and_the_others_stay(data: Data) -> None:
    arrays = data.test.arrays
    order = np.random.default_rng(0).permutation(len(data.test))
    mixed = data.features.mixed("weight", arrays, order)
    np.testing.assert_array_equal(mixed["numeric"][:, 1], arrays["numeric"][order, 1])
    np.testing.assert_array_equal(mixed["numeric"][:, 0], arrays["numeric"][:, 0])
    assert mixed["categorical"] is arrays["categorical"]


def test_without_some_the_others_keep_statistics_and_values(data: Data) -> None:
    dropped = ("size", "city", "old")
    less, arrays = data.features.without(dropped), data.features.arrays_without(dropped, data.test.arrays)
    assert less.order == ("weight", "color")
    assert list(arrays) == [tensor.name for tensor in less.tensors] == ["numeric", "categorical"]
    assert all(less.columns[name] == data.features.columns[name] for name in less.order)
    np.testing.assert_array_equal(arrays["numeric"][:, 0], data.test.arrays["numeric"][:, 1])
    np.testing.assert_array_equal(arrays["categorical"][:, 0], data.test.arrays["categorical"][:, 0])


def test_models_of_numbers_and_names_see_every_feature(data: Data) -> None:
    table = data.features.table(data.test.arrays)
    assert (table.numbers.shape, table.names.shape) == ((len(data.test), 3), (len(data.test), 2))
