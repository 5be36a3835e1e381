import numpy as np

from training.trainer.order import order


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
