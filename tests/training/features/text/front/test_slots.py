import numpy as np
import pytest

from training.features.text.front.slots import FULLEST, Slots, full_tables, slots_for

MOST = (1 << 31) - (1 << 16)


def keys_of(count: int) -> np.ndarray:
    return np.sort(np.random.default_rng(count).choice(MOST, size=count, replace=False))


@pytest.mark.parametrize("count", [0, 1, 3, 15, 16, 100, 1000, 7946])
def test_each_key_has_a_slot_of_its_own_and_is_found_there(count: int) -> None:
    keys = keys_of(count)
    slots = Slots.of(keys)
    assert len(np.unique(slots.places)) == count
    assert np.array_equal(slots.find(keys), slots.places)


def test_what_is_no_key_is_rarely_found() -> None:
    slots = Slots.of(keys_of(1000))
    others = np.setdiff1d(np.random.default_rng(1).integers(MOST, size=200_000), keys_of(1000))
    assert (slots.find(others) < slots.count).mean() < 1e-4


def test_what_is_no_hash_is_never_found() -> None:
    slots = Slots.of(keys_of(slots_full := full_tables(500)[0]))
    assert slots_full > 0.9 * slots.count
    assert (slots.find(np.array([-1, -(1 << 62), (1 << 31) - 1 - (1 << 63)])) == slots.count).all()


def test_keys_with_the_same_lower_bits_are_kept_apart() -> None:
    keys = np.sort(np.concatenate([keys_of(500), keys_of(500) ^ (1 << 20), keys_of(500) ^ (1 << 28)]))
    keys = np.unique(keys)
    slots = Slots.of(keys)
    assert np.array_equal(slots.find(keys), slots.places)


def test_tables_are_powers_of_two_and_the_smaller_ones_are_full() -> None:
    assert [slots_for(keys) for keys in (0, 15, 16, 990, 65_000)] == [16, 16, 32, 1024, 131_072]
    for keys in full_tables(50_000):
        assert keys == int(FULLEST * slots_for(keys))
    assert full_tables(50_000)[:2] == [31_784, 15_892]
    assert full_tables(10) == []


def test_a_large_table_moves_by_more_than_16_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Slots.of(keys_of(2000)).moves.dtype == np.uint16
    monkeypatch.setattr("training.features.text.front.slots.MOST_SLOTS_OF_16_BITS", 2048)
    assert Slots.of(keys_of(2000)).moves.dtype == np.int32
