import numpy as np
import pytest

from training.calibration.reliability import Reliability, equal_shares, in_bins

RANDOM = np.random.default_rng(0)
PROBABILITY = RANDOM.random(40_000)
TRUE = RANDOM.random(40_000) < PROBABILITY


def gap(bins: Reliability) -> float:
    assert bins.share.sum() == pytest.approx(1)
    return float(bins.share @ np.abs(bins.claimed - bins.came_true))


@pytest.mark.parametrize("squeezed", [1, 3])
def test_the_gap_is_what_probabilities_are_off_by(squeezed: int) -> None:
    """In bins of equal shares there are always ten of them."""
    said = PROBABILITY / squeezed
    bins = in_bins(TRUE, said, edges=equal_shares(said))
    assert len(bins.share) == 10
    np.testing.assert_allclose(bins.share, 0.1, atol=1e-4)
    assert gap(bins) == pytest.approx(np.abs(said - PROBABILITY).mean(), abs=0.01)


def test_tenths_hold_what_was_claimed_between_them_and_empty_ones_are_left_out() -> None:
    true, said = np.array([True, False, True, True]), np.array([0.05, 0.1, 0.11, 0.99])
    bins = in_bins(true, said)
    np.testing.assert_allclose(bins.claimed, [0.075, 0.11, 0.99])
    np.testing.assert_allclose(bins.came_true, [0.5, 1, 1])
    assert bins.claims.tolist() == [2, 1, 1]
    assert bins.facts("the probability of b") == {
        "of": "the probability of b",
        "bins": [[pytest.approx(0.075), 0.5, 2], [0.11, 1.0, 1], [0.99, 1.0, 1]],
    }


def test_claims_count_by_their_weights() -> None:
    said, true, times = PROBABILITY[:500], TRUE[:500], RANDOM.integers(1, 4, 500)
    rows, weights = np.repeat(np.arange(500), times), times.astype(float)
    for edges in (equal_shares(said, weights), np.array([0.3, 0.6])):
        one, other = in_bins(true, said, weights, edges), in_bins(true[rows], said[rows], edges=edges)
        for name in ("claimed", "came_true", "share"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name))
        assert one.claims.sum() == 500  # rows are counted, whatever they weigh
    np.testing.assert_array_equal(equal_shares(said, weights), equal_shares(said[rows]))
