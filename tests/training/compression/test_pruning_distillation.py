from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import only, options_for
from training.compression.pruning_distillation import Lessons, pruned
from training.data.prepare import Data, prepare
from training.network.network import Network, build
from training.options import Options
from training.options.rooms import FamilyName
from training.trainer.fit import seed_everything

FAMILIES: tuple[FamilyName, ...] = ("plain", "residual", "wide-and-deep")
SILENT = 1e-12


def options_of(data: Data, family: FamilyName = "wide-and-deep") -> Options:
    return options_for(
        Path("goods.csv"), data.task.outputs[0].name, network=family, hidden=(32, 16), dropout=0.0, learning_rate=0.01
    )


def made(data: Data, options: Options) -> Network:
    seed_everything(5)
    return build(data.features, data.task, options)


@pytest.mark.parametrize("family", FAMILIES)
def test_units_that_say_nothing_leave_and_the_answers_stay(binary: Data, family: FamilyName) -> None:
    """Half of the units of each layer are silenced first, here and there: exactly those must go."""
    options = options_of(binary, family)
    teacher = made(binary, options)
    for layer in teacher.trunk.layers:
        if layer.get_weights() and layer.name not in ("head", "wide_columns", "embed_columns"):
            kernel, bias = layer.get_weights()
            kernel[:, ::2] *= SILENT
            layer.set_weights([kernel, bias])
    smaller = pruned(teacher, binary, options, options.network.hidden, 0.5)
    assert smaller.trunk.count_params() < teacher.trunk.count_params()
    rows = binary.test.arrays
    np.testing.assert_allclose(only(smaller.predict(rows)), only(teacher.predict(rows)), atol=1e-6)


def test_a_share_of_the_units_leaves(binary: Data) -> None:
    options = options_of(binary)
    smaller = pruned(made(binary, options), binary, options, options.network.hidden, 0.75)
    units = {
        layer.name: layer.get_weights()[1].shape
        for layer in smaller.trunk.layers
        if layer.name in ("first", "hidden_1")
    }
    assert units == {"first": (8,), "hidden_1": (4,)}


@pytest.mark.parametrize("target", ["kind", "price"])
def test_smaller_networks_learn_what_the_teacher_answers(data_file: Path, target: str) -> None:
    """A teacher of random weights: nothing in the target could tell what it answers."""
    data = prepare(options_for(data_file, target))
    options = options_of(data).changed(averaging=0.0, batch_size=32)
    teacher = made(data, options)
    smaller = pruned(teacher, data, options, options.network.hidden, 0.5)
    before = unlearned(smaller, teacher, data)
    said: list[str] = []
    pupil = data.task.pupil()
    assert pupil is not None
    assert not Lessons(teacher, data, pupil, options, said.append).teach(smaller, 8, "smaller")
    assert said[0] == "smaller: epoch 1 of at most 8"
    assert unlearned(smaller, teacher, data) < before / 2


def unlearned(pupil: Network, teacher: Network, data: Data) -> float:
    """How far the answers lie apart, of how far the teacher's own lie apart."""
    rows = data.validation.arrays
    answers = only(teacher.predict(rows))
    return float(np.abs(only(pupil.predict(rows)) - answers).mean() / np.abs(answers - answers.mean(axis=0)).mean())
