import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from app.sources.rules import ColumnRule
from tests.training.features.described import described
from training.features.registry import feature_type

BOOLEAN = feature_type("boolean")


@pytest.mark.parametrize("values", [["True", "FALSE", None], [True, False, None]])
def test_words_and_truths_become_one_and_zero_with_nan_for_missing(values: list[object]) -> None:
    np.testing.assert_equal(BOOLEAN.cells(pa.array(values), ColumnRule()), [1.0, 0.0, np.nan])


def test_it_has_a_tensor_of_its_own_and_callers_send_true_and_false() -> None:
    cells = pd.DataFrame({"a": [1.0, 0.0, np.nan]})
    features = described(cells, {"a": "boolean"})
    np.testing.assert_array_equal(features.arrays(cells)["boolean"], [[1], [0], [np.nan]])
    assert features.to_instances(cells) == [{"a": True}, {"a": False}, {"a": None}]
    assert features.manifest("a") == {"tensor": "boolean", "column": 0}
    masks = {words: mask.sum() for words, mask in features.slices("a", features.arrays(cells), features.arrays(cells))}
    assert masks == {"false": 1, "true": 1, "missing": 1}
