from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from training.options import Options
from training.tasks.label.classification import Classification
from training.tasks.losses import loss_of
from training.tasks.value.regression import Regression

TASK = Classification(("a", "b", "c"))
PLAIN = Options.of(data=Path("goods.csv"))
MEMBERS = PLAIN.changed(members=2)
LOGITS = np.array([[2.0, 0.5, -1.0], [0.1, 0.2, 0.3]], np.float32)
LABELS = np.array([0, 2])


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shares: np.ndarray = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return shares


def test_without_members_it_is_the_tasks_loss() -> None:
    found = loss_of(TASK, MEMBERS)(LABELS, tf.constant(LOGITS)).numpy()
    assert found == pytest.approx(loss_of(TASK, PLAIN)(LABELS, tf.constant(LOGITS)).numpy())


def test_smoothing_gives_every_label_its_share() -> None:
    share = 0.3
    wanted = np.full((2, 3), share / 3)
    wanted[[0, 1], LABELS] += 1 - share
    by_hand = -(wanted * log_softmax(LOGITS)).sum(axis=1).mean()
    assert loss_of(TASK, PLAIN.changed(label_smoothing=share))(LABELS, tf.constant(LOGITS)).numpy() == pytest.approx(
        by_hand
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_members_lose_each_for_itself(smoothing: float) -> None:
    members = np.stack([LOGITS, -LOGITS], axis=1)  # (rows, members, labels)
    loss = loss_of(TASK, PLAIN.changed(members=2, label_smoothing=smoothing))
    apart = [float(loss(LABELS, tf.constant(part)).numpy()) for part in (LOGITS, -LOGITS)]
    assert float(loss(LABELS, tf.constant(members)).numpy()) == pytest.approx(np.mean(apart))


def test_members_lose_each_for_itself_at_numbers_too() -> None:
    y = np.array([1.0, -1.0], np.float32)
    members = np.array([[[0.0], [2.0]], [[1.0], [-1.0]]], np.float32)  # (rows, members, 1)
    assert float(loss_of(Regression(), MEMBERS)(y, tf.constant(members)).numpy()) == pytest.approx((1 + 1 + 4 + 0) / 4)


def test_weights_of_rows_count_with_members() -> None:
    members = np.stack([LOGITS, LOGITS], axis=1)
    weights = np.array([2.0, 0.0], np.float32)
    of_rows = -log_softmax(LOGITS)[[0, 1], LABELS]
    for outputs in (LOGITS, members):
        found = float(loss_of(TASK, MEMBERS)(LABELS, tf.constant(outputs), sample_weight=weights).numpy())
        assert found == pytest.approx((of_rows * weights).mean())
