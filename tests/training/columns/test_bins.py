from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.columns.bins import number_bins, shortest

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


def test_a_column_without_values_is_all_missing() -> None:
    bins = number_bins(np.full(3, np.nan, np.float32))
    assert (bins["missing"], bins["edges"], bins["minimum"]) == (1.0, [], None)


def test_the_shortest_number_is_the_same_float() -> None:
    assert shortest(float(np.float32(0.1))) == 0.1
