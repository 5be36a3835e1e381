import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from training.features.numeric import layers
from training.features.numeric.layers import FARTHEST, EmbedNumbers, EncodeNumbers
from training.features.numeric.statistics import Floats, describe

FLOATS = st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False)


def numbers_of(*columns: list[float], bins: int = 4) -> tuple[Floats, ...]:
    return tuple(describe(np.array(column), bins) for column in columns)


RAMP = [float(value) for value in range(100)]


def encode(layer: EncodeNumbers, *rows: list[float]) -> np.ndarray:
    answer: np.ndarray = layer(tf.constant(rows, tf.float32)).numpy()
    return answer


def test_a_number_becomes_its_standardised_value_and_filled_pieces() -> None:
    layer = EncodeNumbers(numbers_of(RAMP, bins=4))
    low, middle, high = encode(layer, [0.0], [49.5], [99.0])
    assert middle[0] == pytest.approx(0, abs=1e-6)
    assert low[0] == pytest.approx(-high[0])
    np.testing.assert_allclose(low[1:], [0, 0, 0, 0])
    np.testing.assert_allclose(high[1:], [1, 1, 1, 1])
    assert middle[1:].sum() == pytest.approx(2, abs=0.1)


@settings(deadline=None, max_examples=50)
@given(FLOATS, FLOATS)
def test_the_encoding_grows_with_the_number_and_stays_bounded(one: float, other: float) -> None:
    layer = EncodeNumbers(numbers_of(RAMP))
    smaller, larger = encode(layer, [min(one, other)], [max(one, other)])
    assert (smaller <= larger).all()
    assert np.abs(np.stack([smaller, larger])).max() <= FARTHEST


def test_doubles_are_told_apart_where_32_bits_would_not() -> None:
    moments = [1.7e12 + second for second in RAMP]
    near, far = (
        EncodeNumbers(numbers_of(column, RAMP), dtype=dtype)
        for column, dtype in ((RAMP, "float32"), (moments, "float64"))
    )
    rows = [[0.0, 7.0], [1.0, 3.0], [98.0, 50.0], [np.nan, 0.0], [-1e30, 1e30]]
    found = far(tf.constant([[1.7e12 + first, second] for first, second in rows], tf.float64))
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found.numpy(), encode(near, *rows), atol=1e-6)
    sums = EmbedNumbers(far, 3)
    apart = far.apart(tf.constant([[moments[0], 0.0], [moments[1], 0.0]], tf.float64))
    assert (apart.numpy()[0, 0] != apart.numpy()[0, 1]).any()
    assert sums(tf.constant([[moments[0], 0.0]], tf.float64)).dtype == tf.float32


def test_a_gap_becomes_the_median_and_says_so_where_training_saw_gaps() -> None:
    layer = EncodeNumbers(numbers_of([*RAMP[:-1], np.nan], RAMP))
    gap, median = encode(layer, [np.nan, np.nan], [49.0, 49.0])
    np.testing.assert_allclose(gap[:-1], median[:-1])
    assert (gap[-1], median[-1]) == (1, 0)


@pytest.mark.parametrize("column", [[5.0] * 40, [1e-35, 2e-35] * 20, [3e38, -3e38] * 20, [1.0, 1.0 + 2e-7] * 20])
def test_awkward_columns_stay_finite(column: list[float]) -> None:
    layer = EncodeNumbers(numbers_of(column))
    answers = encode(layer, [column[0]], [column[1]], [0.0], [3e38], [-3e38], [np.nan])
    assert np.isfinite(answers).all()


def test_many_columns_are_spread_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = EncodeNumbers(numbers_of(RAMP, RAMP[::-1]))
    rows = [[1.5, 3.0], [np.nan, 70.0]]
    few = encode(layer, *rows)
    monkeypatch.setattr(layers, "FEW_NUMBERS", 0)
    np.testing.assert_array_equal(few, encode(layer, *rows))


def test_by_column_each_output_is_the_same_and_the_rest_is_zero() -> None:
    layer = EncodeNumbers(numbers_of([*RAMP[:-1], np.nan], [1.0, 2.0] * 50, [*RAMP[1:], np.nan]))
    rows = [[np.nan, 1.0, 3.5], [3.5, np.nan, np.nan], [-1e30, 1e30, 50.0]]
    apart = layer.apart(tf.constant(rows, tf.float32)).numpy()
    assert apart.shape == (3, 3, layer.most)
    laid_out = apart.transpose(1, 0, 2).reshape(3, -1)  # (batch, numbers * most)
    np.testing.assert_array_equal(laid_out[:, layer.places], encode(layer, *rows))
    assert not np.delete(laid_out, layer.places, axis=1).any()


def test_the_sums_of_a_column_are_its_own() -> None:
    layer = EmbedNumbers(EncodeNumbers(numbers_of([*RAMP[:-1], np.nan], RAMP[::-1], [1.0, 2.0] * 50)), 3)
    rows = tf.constant([[np.nan, 4.0, 1.0], [7.0, 50.0, 1.0]], tf.float32)
    layer(rows)
    random = np.random.default_rng(0)
    layer.set_weights([random.normal(size=weights.shape) for weights in layer.get_weights()])
    one, other = (layer(rows).numpy()[place].reshape(3, 3) for place in (0, 1))
    assert (one[:2] != other[:2]).all()
    np.testing.assert_array_equal(one[2], other[2])


def test_only_standardised_values_and_gaps_count_at_first() -> None:
    encode_layer = EncodeNumbers(numbers_of([*RAMP[:-1], np.nan], [1.0, 2.0] * 50))
    assert np.flatnonzero(encode_layer.straight).tolist() == [0, 5, 6]  # 4 pieces, a column of one value, a gap
    layer = EmbedNumbers(encode_layer, 2)
    layer.build((None, 2))
    counts = layer.get_weights()[0].any(axis=2).ravel()[encode_layer.places]  # (encoded,)
    assert np.flatnonzero(counts).tolist() == [0, 5, 6]


def test_sums_fold_into_the_layer_behind_them() -> None:
    encode_layer = EncodeNumbers(numbers_of([*RAMP[:-1], np.nan], RAMP[::-1], [1.0, 2.0] * 50))
    layer = EmbedNumbers(encode_layer, 3)
    random = np.random.default_rng(1)
    rows = np.where(random.random((6, 3)) < 0.2, np.nan, random.normal(50, 30, (6, 3)))
    layer(rows)
    layer.set_weights([random.normal(size=weights.shape) for weights in layer.get_weights()])
    kernel = random.normal(size=(9, 4)).astype(np.float32)
    folded, bias = layer.fold(kernel)
    encoded = encode(encode_layer, *rows.tolist())
    np.testing.assert_allclose(encoded @ folded + bias, layer(rows).numpy() @ kernel, rtol=1e-4, atol=1e-4)
