import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.bundle.profile import MAX_VALUES, category_bins, number_bins, profile
from training.columns.arrays import predict_in_batches
from training.data.prepare import Data
from training.features.features import Category
from training.network.network import Network

VALUES = st.floats(-1000, 1000, width=16, allow_subnormal=False) | st.just(float("nan"))


@settings(deadline=None, max_examples=60)
@given(arrays(np.float32, st.integers(1, 60), elements=VALUES))
def test_number_shares_follow_the_rule_and_sum_to_one(values: np.ndarray) -> None:
    bins = number_bins(values)
    edges = [-np.inf, *bins["edges"], np.inf]
    counted = [np.mean((values > low) & (values <= high)) for low, high in pairwise(edges)]
    assert bins["edges"] == sorted(set(bins["edges"]))
    assert len(bins["edges"]) <= 9
    np.testing.assert_allclose(bins["shares"], counted, atol=1e-9)
    assert sum(bins["shares"]) + bins["missing"] == pytest.approx(1)


def test_category_shares_sum_to_one_and_what_the_graph_does_not_know_is_unseen() -> None:
    values = np.array(["a"] * 5 + ["b"] * 3 + [""] + ["rare"], object)
    bins = category_bins(values, Category("x", 0.1, ("a", "b")))
    assert bins["values"] == ["a", "b"]
    assert bins["shares"] == [0.5, 0.3]
    assert bins["missing"] == 0.1
    assert bins["other"] == 0
    assert bins["unseen"] == pytest.approx(0.1)


def test_a_long_vocabulary_is_cut() -> None:
    words = tuple(f"w{i}" for i in range(100))
    bins = category_bins(np.array(words, object), Category("x", 0.0, words))
    assert len(bins["values"]) == MAX_VALUES
    assert bins["other"] == pytest.approx(1 - MAX_VALUES / 100)
    assert bins["unseen"] == 0


def test_every_feature_and_the_prediction_have_bins(data: Data, network: Network) -> None:
    outputs = predict_in_batches(network.predict, data.train.arrays)
    found = json.loads(json.dumps(profile(data.features, data.task, data.train.arrays, outputs), allow_nan=False))
    assert list(found["features"]) == list(data.features.order)
    assert found["rows"] == len(data.train)
    prediction = found["prediction"]
    if data.task.labels is None:
        assert prediction["kind"] == "number"
    else:
        assert tuple(prediction["values"]) == data.task.labels
        assert sum(prediction["shares"]) == pytest.approx(1)
