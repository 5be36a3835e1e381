from pathlib import Path
from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.conftest import options_for, wired
from training.columns.arrays import take
from training.data.prepare import Data
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.network.architectures import WIDE, Heads, answer, rescale
from training.network.network import Network, build
from training.options.rooms import FamilyName, NetworkOptions
from training.tasks.evaluate import evaluate
from training.trainer.fit import Part, fit, seed_everything

FAMILIES = get_args(FamilyName)


def made(data: Data, family: FamilyName, members: int, hidden: tuple[int, ...]) -> Network:
    seed_everything(1)
    return build(data.features, data.task, wired(network=family, hidden=hidden, dropout=0.1), members=members)


# Every family alone and in company for two classes; for the other tasks some of each, since no family knows its task.
LEARNING = [
    *[("sold", family, members) for family in FAMILIES for members in (1, 3)],
    ("kind", "plain", 3),
    ("kind", "residual", 1),
    ("price", "wide-and-deep", 3),
    ("price", "plain", 1),
]


@pytest.mark.parametrize(("data", "family", "members"), LEARNING, indirect=["data"])
def test_every_family_learns_and_is_served_as_it_was_trained(
    data: Data, data_file: Path, family: FamilyName, members: int
) -> None:
    learner = made(data, family, members, hidden=(32, 16))
    few = data.train.first(16)
    once = Part(learner.encode(few.arrays), data.task.scaled(few.y))
    often = Part(take(once.arrays, np.arange(1600) % 16), np.tile(once.y, 100))  # an epoch costs more than its steps
    options = options_for(data_file, "sold", epochs=6, batch_size=16, learning_rate=0.01, members=members)
    fit(learner.trunk, data.task, often, once, options, lambda *_: None)
    found = evaluate(data.task, learner.predict, few)
    assert found.get("accuracy", found.get("r2", 0.0)) > 0.9
    session = Session(export(learner))
    check_parity(
        learner.predict, session.predict, parity_rows(data.features, data.validation.arrays, 0), data.task.outputs
    )


def test_heads_answer_one_by_one_in_training_and_as_their_mean_in_serving() -> None:
    seed_everything(0)
    heads = Heads(3, 2)
    x = tf.random.normal((5, 12))
    apart, together = heads(x, training=True).numpy(), heads(x).numpy()
    assert apart.shape == (5, 3, 2)
    assert np.abs(apart - apart.mean(axis=1, keepdims=True)).max() > 0.1
    np.testing.assert_allclose(together, apart.mean(axis=1), rtol=1e-5, atol=1e-6)


def test_each_head_reads_its_own_part() -> None:
    heads = Heads(2, 1)
    heads(tf.zeros((1, 4)))
    before, after = (heads(tf.constant([row]), training=True).numpy()[0, :, 0] for row in ([0.0] * 4, [1.0, 1, 0, 0]))
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_rescaling_says_so_many_times_as_much_and_the_shift(family: FamilyName, members: int) -> None:
    seed_everything(0)
    numbers = keras.Input((6,))
    said = answer(NetworkOptions(family=family, dropout=0.0), numbers, hidden=(8, 4), members=members, width=2)
    trunk = keras.Model(numbers, said)
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    trunk.set_weights([weights + 0.01 for weights in trunk.get_weights()])  # the wide part begins at zero
    before = trunk(x).numpy()
    rescale(trunk, 0.5, np.array([1.0, -1.0]))
    np.testing.assert_allclose(trunk(x).numpy(), before * 0.5 + [1.0, -1.0], rtol=1e-5, atol=1e-6)


def test_the_wide_part_reaches_the_answer_past_the_hidden_layers() -> None:
    numbers = keras.Input((6,))
    said = answer(NetworkOptions(family="wide-and-deep", dropout=0.0), numbers, hidden=(8, 4), members=1, width=1)
    trunk = keras.Model(numbers, said)
    trunk.set_weights([weights * 0 for weights in trunk.get_weights()])
    assert trunk(np.ones((1, 6))).numpy() == 0
    wide = trunk.get_layer(WIDE)
    wide.set_weights([np.arange(6.0)[:, None], np.zeros(1)])
    assert trunk(np.ones((1, 6))).numpy() == 15


def test_a_residual_block_adds_to_what_it_was_given() -> None:
    numbers = keras.Input((6,))
    said = answer(NetworkOptions(family="residual", dropout=0.0), numbers, hidden=(8, 4), members=1, width=1)
    trunk = keras.Model(numbers, said)
    shapes = [weights.shape for weights in trunk.get_weights()]
    assert shapes == [(6, 8), (8,), (8, 4), (4,), (4, 8), (8,), (8, 1), (1,)]
    silent = [weights * (0 if place in (4, 5) else 1) for place, weights in enumerate(trunk.get_weights())]
    trunk.set_weights(silent)  # a block that says nothing leaves the first layer's answer
    x = np.ones((1, 6), np.float32)
    first = x @ silent[0] + silent[1]
    np.testing.assert_allclose(trunk(x).numpy(), np.maximum(first, 0) @ silent[6] + silent[7], rtol=1e-5)
