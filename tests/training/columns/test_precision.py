"""Which columns 32-bit floats blur, and which they do not."""

import numpy as np
import pytest

from training.columns.precision import needs_doubles

RANDOM = np.random.default_rng(0)
MINUTES = 1.7e12 + RANDOM.integers(0, 120_000, 1500)  # milliseconds
BLURRED = {
    "milliseconds of two minutes": MINUTES,
    "with gaps": np.where(RANDOM.random(1500) < 0.3, np.nan, MINUTES),
    "with a zero for missing": np.where(RANDOM.random(1500) < 0.3, 0, MINUTES),
    "of two far nights": MINUTES + np.where(RANDOM.random(1500) < 0.5, 0, 1e11),
    "half of them small": np.where(RANDOM.random(1500) < 0.5, RANDOM.integers(0, 100, 1500), MINUTES),
    "integers near 2^53": 9_007_199_254_740_000.0 + RANDOM.integers(0, 1500, 1500),
    "ten digits that differ in the last": 20_000_001_000.0 + RANDOM.integers(0, 999, 1500),
    "two neighbours": RANDOM.choice([20_000_001_387.0, 20_000_001_388.0], 100),
    "seconds of a minute with fractions": 1.7e9 + RANDOM.random(1500) * 60,
    "negative": -MINUTES,
}
CLEAR = {
    "random doubles": RANDOM.random(100_000),
    "of any size": RANDOM.lognormal(0, 5, 5000),
    "seconds of a year": 1.7e9 + RANDOM.integers(0, 31_536_000, 5000),
    "milliseconds of a year": 1.7e12 + RANDOM.integers(0, 31_536_000_000, 5000),
    "coordinates": np.round(-118 + RANDOM.normal(size=5000), 6),
    "prices": np.round(RANDOM.lognormal(10, 1, 5000), 2),
    "years": RANDOM.integers(1900, 2020, 5000).astype(float),
    "ten digits": RANDOM.integers(10**9, 10**10, 5000).astype(float),
    "sums that rounding spoils": RANDOM.choice([0.1, 0.2, 0.3, 0.1 + 0.2, 0.7, 0.1 * 7, 0.6, 0.2 * 3], 500),
    "one value": np.full(50, 1e15 + 1),
    "large, and exact in 32 bits": 2.0**40 * RANDOM.integers(1, 9, 500),
    "nothing": np.full(5, np.nan),
    "no rows": np.empty(0),
}


@pytest.mark.parametrize("name", BLURRED)
def test_numbers_that_lie_closer_than_32_bits_can_say_need_doubles(name: str) -> None:
    assert needs_doubles(BLURRED[name])


@pytest.mark.parametrize("name", CLEAR)
def test_ordinary_measurements_do_not(name: str) -> None:
    assert not needs_doubles(CLEAR[name])
