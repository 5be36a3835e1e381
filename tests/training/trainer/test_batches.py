import numpy as np
import pytest

from training.trainer.batches import Feed, in_order, order

ROWS = np.arange(10)


def epochs(feed: Feed, first: int, last: int) -> list[list[list[int]]]:
    """What each epoch gives: batches of targets; every input must agree with its target."""
    batches, found = feed.batches(), list[list[list[int]]]()
    for epoch in range(first, last):
        feed.on_epoch_begin(epoch)
        found.append([])
        for inputs, y, weights in batches.as_numpy_iterator():
            assert (inputs["numeric"][:, 0] == y).all()
            assert (weights == 2 * y).all()
            found[-1].append(y.tolist())
    return found


def feed(batch_rows: int = 4) -> Feed:
    arrays = {"numeric": np.stack([ROWS, ROWS], axis=1).astype(np.float32)}
    return Feed(arrays, ROWS, batch_rows=batch_rows, seed=5, weights=(2 * ROWS).astype(np.float32))


@pytest.mark.parametrize(("batch_rows", "sizes"), [(4, [4, 4, 2]), (5, [5, 5]), (10, [10]), (64, [10])])
def test_an_epoch_is_its_order_in_batches(batch_rows: int, sizes: list[int]) -> None:
    made = feed(batch_rows)
    assert made.steps == len(sizes) == made.batches().cardinality().numpy()
    for epoch, batches in enumerate(epochs(made, 0, 3)):
        assert [len(batch) for batch in batches] == sizes
        assert [row for batch in batches for row in batch] == order(5, epoch, 10).tolist()


def test_rows_in_order_keep_their_precision() -> None:
    doubles, words = 1.7e12 + ROWS[:, None], np.array([["a"]] * 10, object)
    found = list(in_order([doubles, words], [ROWS], 4).as_numpy_iterator())
    assert [len(y) for _, y in found] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([inputs[0] for inputs, _ in found]), doubles)
    assert found[2][0][1].tolist() == [[b"a"]] * 2


def test_a_later_beginning_sees_what_it_would_have_seen() -> None:
    assert epochs(feed(), 2, 4) == epochs(feed(), 0, 4)[2:]


def test_every_row_comes_once() -> None:
    assert np.array_equal(np.sort(order(3, 7, 1000)), np.arange(1000))


def test_an_order_depends_on_seed_and_epoch_alone() -> None:
    np.random.seed(1)  # a global state must not matter
    one = order(3, 7, 1000)
    np.random.seed(2)
    assert np.array_equal(one, order(3, 7, 1000))
    assert not np.array_equal(one, order(3, 8, 1000))
    assert not np.array_equal(one, order(4, 7, 1000))
    assert not np.array_equal(order(0, 1, 1000), order(1, 0, 1000))
