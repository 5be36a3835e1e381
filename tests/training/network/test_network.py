from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import only, options_for, wired
from training.columns.arrays import take
from training.data.prepare import Data
from training.evaluation.feature_selection import without
from training.network.network import Network, build
from training.tasks.evaluate import evaluate
from training.trainer.fit import Part, fit, seed_everything


def test_answers_have_the_width_of_the_task(data: Data, network: Network) -> None:
    answers = only(network.predict(take(data.test.arrays, slice(7))))
    assert answers.shape == (7, data.task.width)
    assert np.isfinite(answers).all()


def test_the_trunk_and_the_served_model_are_one(data: Data, network: Network) -> None:
    rows = take(data.test.arrays, slice(9))
    encoded = network.encode(rows)
    assert set(encoded) == {"numeric", "boolean", "codes"}
    raw = network.trunk([encoded[tensor.name] for tensor in network.trunk.inputs], training=False)
    np.testing.assert_allclose(only(network.predict(rows)), data.task.finish(raw).numpy(), rtol=1e-5, atol=1e-6)


def test_unseen_values_share_one_answer(data: Data, network: Network) -> None:
    rows = take(data.test.arrays, np.zeros(2, int))
    rows["categorical"][:] = [["never seen"], ["nor this"]]
    one, other = only(network.predict(rows))
    np.testing.assert_array_equal(one, other)


def test_a_tiny_batch_can_be_learned_by_heart(data: Data, data_file: Path) -> None:
    """If it cannot, gradients do not reach the weights."""
    seed_everything(0)
    learner = build(data.features, data.task, wired(hidden=(64,)))
    few = data.train.first(16)
    once = Part(learner.encode(few.arrays), data.task.scaled(few.y))
    often = Part(take(once.arrays, np.arange(1600) % 16), np.tile(once.y, 100))  # an epoch costs more than its steps
    options = options_for(data_file, "sold", epochs=3, batch_size=16, learning_rate=0.01)
    fit(learner.trunk, data.task, often, once, options, lambda *_: None)
    found = evaluate(data.task, learner.predict, few)
    assert found.get("accuracy", found.get("r2", 0.0)) > 0.98


@pytest.mark.parametrize(
    ("dropped", "kept"),
    [(("color", "city"), ["numeric", "boolean"]), (("size", "weight", "old"), ["categorical"])],
)
def test_a_table_may_have_only_some_types_of_columns(binary: Data, dropped: tuple[str, ...], kept: list[str]) -> None:
    less = without(binary, dropped)
    learner = build(less.features, less.task, wired(hidden=(8,)))
    answers = learner.predict(take(less.test.arrays, slice(3)))
    assert [tensor.name for tensor in learner.served.inputs] == kept
    assert only(answers).shape == (3, 2)


def test_layers_that_keep_their_precision_are_named_by_the_encoders(network: Network) -> None:
    assert network.exact == ("encode_numbers",)
    assert set(network.exact) < set(network.unquantized)
