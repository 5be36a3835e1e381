from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import only, options_for
from training.columns.arrays import take
from training.data.prepare import Data
from training.features.features import CATEGORICAL, NUMERIC
from training.network.network import CODES, Network, build
from training.tasks.evaluate import evaluate
from training.trainer.fit import Part, fit, seed_everything


def test_answers_have_the_width_of_the_task(data: Data, network: Network) -> None:
    answers = only(network.predict(take(data.test.arrays, slice(7))))
    assert answers.shape == (7, data.task.width)
    assert np.isfinite(answers).all()


def test_the_trunk_and_the_served_model_are_one(data: Data, network: Network) -> None:
    rows = take(data.test.arrays, slice(9))
    encoded = network.encode(rows)
    assert set(encoded) == {NUMERIC, CODES}
    raw = network.trunk([encoded[tensor.name] for tensor in network.trunk.inputs], training=False)
    np.testing.assert_allclose(only(network.predict(rows)), data.task.finish()(raw).numpy(), rtol=1e-5, atol=1e-6)


def test_unseen_values_share_one_answer(data: Data, network: Network) -> None:
    rows = take(data.test.arrays, np.zeros(2, int))
    rows[CATEGORICAL][:] = [["never seen"], ["nor this"]]
    one, other = only(network.predict(rows))
    np.testing.assert_array_equal(one, other)


def test_a_tiny_batch_can_be_learned_by_heart(data: Data, data_file: Path) -> None:
    """If it cannot, gradients do not reach the weights."""
    seed_everything(0)
    learner = build(data.features, data.task, hidden=(64,), dropout=0.0, embedding=4)
    few = data.train.first(16)
    once = Part(learner.encode(few.arrays), data.task.scaled(few.y))
    often = Part(take(once.arrays, np.arange(1600) % 16), np.tile(once.y, 100))  # an epoch costs more than its steps
    options = options_for(data_file, "sold", epochs=3, batch_size=16, learning_rate=0.01)
    fit(learner.trunk, data.task, often, once, options, lambda *_: None)
    found = evaluate(data.task, learner.predict, few)
    assert found.get("accuracy", found.get("r2", 0.0)) > 0.98


@pytest.mark.parametrize("kept", [NUMERIC, CATEGORICAL])
def test_a_table_may_have_only_one_sort_of_column(binary: Data, kept: str) -> None:
    features = binary.features
    alone = (
        type(features)(tuple(features.names(kept)), features.numbers, ())
        if kept == NUMERIC
        else type(features)(tuple(features.names(kept)), (), features.categories)
    )
    learner = build(alone, binary.task, hidden=(8,), dropout=0.0, embedding=2)
    answers = only(learner.predict({kept: binary.test.arrays[kept][:3]}))
    assert [tensor.name for tensor in learner.served.inputs] == [kept]
    assert answers.shape == (3, 2)
