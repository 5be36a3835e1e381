"""Slots: a perfect hash table, so that the n-grams of a graph cost two bytes each to be found, not ten.

    hash ─┬─ its upper bits ─> bucket ─ moved by ─┐
          ├─ its lower bits ──────────────────────┴─ taken away, in a circle ─> slot
          └─ its upper 15 bits: equal to those that the slot holds? ─> the slot, or none

Each bucket of some four keys has a number that moves all of them to slots of their own; large buckets choose first.
A hash that is no key meets the bits of one by chance, one time in 32,768 of those that meet a slot that is taken:
about as often as two n-grams have the same hash.
It knows nothing about texts.

Tarjan, Yao 1979, "Storing a sparse table"; Belazzougui, Botelho, Dietzfelbinger 2009, "Hash, displace, and compress".
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEYS_A_BUCKET = 4
FULLEST = 0.97  # keys to a slot
FEWEST_SLOTS = 16
HASH_BITS = 31
LARGEST = (1 << HASH_BITS) - 1  # what stands for no hash
UPPER_BITS = 0x7FFF0000  # what a slot holds of its key
EMPTY = -1  # in the place of the upper bits: those of no hash
MOST_SLOTS_OF_16_BITS = 1 << 16
TRIED = (64, 256, 1024, 4096)  # at once

Hashes = NDArray[np.int64]


def slots_for(keys: int) -> int:
    """Return how many slots so many keys want: a power of two."""
    slots = FEWEST_SLOTS
    while keys > FULLEST * slots:
        slots *= 2
    return slots


def full_tables(keys: int) -> list[int]:
    """Return how many keys fill tables that are smaller than that of so many, the largest first."""
    tables, slots = [], slots_for(keys) // 2
    while slots >= FEWEST_SLOTS:
        tables.append(int(FULLEST * slots))
        slots //= 2
    return tables


@dataclass(frozen=True, eq=False)
class Slots:
    """Where each key stands."""

    moves: NDArray[Any]  # (buckets + 1,) uint16 or int32
    upper: NDArray[np.int16]  # (slots,) the upper bits of the key of each
    places: NDArray[np.int64]  # (keys,) the slot of each key

    @property
    def count(self) -> int:
        return len(self.upper)

    @property
    def scale(self) -> np.float32:
        """Hash times this: its bucket."""
        return np.float32((len(self.moves) - 1) / (1 << HASH_BITS))

    @classmethod
    def of(cls, keys: Hashes) -> "Slots":
        """Find a place for each key; all differ, none is negative."""
        count = slots_for(len(keys))
        found = (_moves(keys, buckets, count) for buckets in _bucket_counts(keys, count))
        moves = next(moves for moves in found if moves is not None)
        empty = cls(moves, np.full(count, EMPTY, np.int16), keys)
        places = empty.slot(keys)
        empty.upper[places] = keys >> 16
        return cls(moves, empty.upper, places)

    def slot(self, hashes: Hashes) -> NDArray[np.int64]:
        """Return the only slot where each hash may stand."""
        away: NDArray[np.int64] = hashes - self.moves[bucket_of(hashes, self.scale)]
        return away & (self.count - 1)

    def find(self, hashes: Hashes) -> NDArray[np.int64]:
        """Return the slot of each hash, or how many there are for what is no key; negative hashes are none."""
        known = np.where(hashes < 0, LARGEST, hashes)
        slot = self.slot(known)
        return np.where(self.upper[slot] == known >> 16, slot, self.count)


def bucket_of(hashes: Hashes, scale: np.float32) -> NDArray[np.int64]:
    """Return the bucket of each hash, in floats of 32 bits, as the graph does."""
    return (hashes.astype(np.float32) * scale).astype(np.int64)


def _bucket_counts(keys: Hashes, count: int) -> Iterator[int]:
    """Yield how many buckets keep keys apart that no move can: those with the same lower bits."""
    lower = keys & (count - 1)
    for buckets in itertools.count(count // KEYS_A_BUCKET):
        bucket = bucket_of(keys, np.float32(buckets / (1 << HASH_BITS)))
        if len(np.unique(bucket * count + lower)) == len(keys):
            yield buckets


def _moves(keys: Hashes, buckets: int, count: int) -> NDArray[Any] | None:
    """Find the move of each bucket that brings its keys to free slots, if there are such moves.

    The largest buckets choose first.
    """
    random = np.random.Generator(np.random.PCG64(len(keys)))
    free, moves = np.ones(count, bool), np.zeros(buckets + 1, np.int64)
    bucket = bucket_of(keys, np.float32(buckets / (1 << HASH_BITS)))
    order = np.argsort(bucket, kind="stable")
    numbers, firsts, sizes = np.unique(bucket[order], return_index=True, return_counts=True)
    several = np.flatnonzero(sizes > 1)
    for place in several[np.argsort(-sizes[several], kind="stable")].tolist():
        members = keys[order[firsts[place] : firsts[place] + sizes[place]]]
        move = _free_move(members, free, random)
        if move is None:
            return None
        moves[numbers[place]] = move
        free[(members - move) & (count - 1)] = False
    alone = sizes == 1
    members = keys[order[firsts[alone]]]
    moves[numbers[alone]] = (members - np.flatnonzero(free)[: len(members)]) & (count - 1)
    return moves.astype(np.uint16 if count <= MOST_SLOTS_OF_16_BITS else np.int32)


def _free_move(keys: Hashes, free: NDArray[np.bool_], random: np.random.Generator) -> int | None:
    """Return a move that brings each of some keys to a free slot, if there is one: some are tried, then all."""
    some = (random.integers(len(free), size=count) for count in TRIED)
    for moves in itertools.chain(some, [np.arange(len(free))]):
        good = free[(keys[:, None] - moves) & (len(free) - 1)].all(axis=0)
        if good.any():
            return int(moves[good.argmax()])
    return None
