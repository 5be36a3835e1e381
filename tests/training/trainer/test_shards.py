from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.trainer import shards as module
from training.trainer.shards import Encoded, Shards, shards

ROWS = 1000


def chunks() -> Iterator[Encoded]:
    """Rows in the order of a sorted file; each number says which row it is."""
    for start in range(0, ROWS, 300):
        rows = np.arange(start, min(start + 300, ROWS))
        yield {"numeric": np.stack([rows, -rows], 1).astype(np.float32), "codes": rows[:, None]}, rows % 3, None


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_ROWS", 250)


def epoch(of: Shards, number: int, **options: Any) -> list[Any]:
    feed = of.feed(64, seed=1, **options)
    feed.on_epoch_begin(number)
    return list(feed.batches().as_numpy_iterator())


def test_an_epoch_has_every_row_once_in_full_batches(few_rows: None) -> None:
    with shards(ROWS, chunks(), seed=0) as found:
        assert len(found) == ROWS
        assert len(found.files) == 4
        batches = epoch(found, 0)
    rows = [inputs["codes"][:, 0] for inputs, _ in batches]
    assert list(map(len, rows)) == [64] * 15 + [40]
    assert sorted(np.concatenate(rows).tolist()) == list(range(ROWS))
    for inputs, y in batches:
        np.testing.assert_array_equal(inputs["numeric"][:, 1], -inputs["codes"][:, 0])
        np.testing.assert_array_equal(y, inputs["codes"][:, 0] % 3)


def test_each_epoch_has_an_order_of_its_own_which_mixes_a_sorted_file(few_rows: None) -> None:
    def order(found: Shards, number: int) -> Any:
        return np.concatenate([inputs["codes"][:, 0] for inputs, _ in epoch(found, number)])

    with shards(ROWS, chunks(), seed=0) as found:
        first, again, second = order(found, 0), order(found, 0), order(found, 1)
    assert (first == again).all()
    assert (first != second).any()
    assert np.abs(first[:64].mean() - ROWS / 2) < 150


def test_the_folder_is_gone_after_the_block() -> None:
    with shards(ROWS, chunks(), seed=0) as found:
        folder: Path = found.files[0].parent
        assert folder.is_dir()
    assert not folder.exists()


def test_classes_are_counted_and_weighed(few_rows: None) -> None:
    with shards(ROWS, chunks(), seed=0) as found:
        assert found.class_counts().tolist() == [334, 333, 333]
        weights = np.array([1.0, 2.0, 3.0], np.float32)
        for _, y, weighed in epoch(found, 0, class_weights=weights):
            np.testing.assert_array_equal(weighed, weights[y])
