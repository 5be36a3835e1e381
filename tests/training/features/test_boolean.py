import numpy as np
import pandas as pd
import pyarrow as pa

from tests.training.features.described import described
from training.features.registry import feature_type

BOOLEAN = feature_type("boolean")


def test_words_and_truths_become_one_and_zero_with_nan_for_missing() -> None:
    for values in (["True", "false", None], [True, False, None]):
        np.testing.assert_equal(BOOLEAN.convert(pd.Series(values, dtype=object)).to_numpy(), [1.0, 0.0, np.nan])


def test_a_part_of_a_file_is_read_alike() -> None:
    for values in (["TRUE", "false", None], [True, False, None]):
        found = BOOLEAN.read(pa.chunked_array([values]))
        assert found is not None
        np.testing.assert_equal(found.to_numpy(), [1.0, 0.0, np.nan])
    assert BOOLEAN.read(pa.chunked_array([["true", "maybe"]])) is None
    assert BOOLEAN.read(pa.chunked_array([[1, 0]])) is None


def test_it_has_a_tensor_of_its_own_and_callers_send_true_and_false() -> None:
    cells = pd.DataFrame({"a": [1.0, 0.0, np.nan]})
    features = described(cells, {"a": "boolean"})
    np.testing.assert_array_equal(features.arrays(cells)["boolean"], [[1], [0], [np.nan]])
    assert features.to_instances(cells) == [{"a": True}, {"a": False}, {"a": None}]
    assert features.manifest("a") == {"tensor": "boolean", "column": 0}
    masks = {words: mask.sum() for words, mask in features.slices("a", features.arrays(cells), features.arrays(cells))}
    assert masks == {"false": 1, "true": 1, "missing": 1}
