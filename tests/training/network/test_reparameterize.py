from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from tests.training.conftest import only, options_for
from training.columns.arrays import take
from training.data.prepare import Data
from training.evaluation.feature_selection import without
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.features.features import Group
from training.features.numeric.column_type import NumericType
from training.features.numeric.encoder import SUMS
from training.features.numeric.statistics import Floats
from training.network.reparameterize import fitted, fold
from training.options import Options
from training.options.rooms import FamilyName
from training.trainer.fit import Part, fit, seed_everything


def options_of(path: Path, **changes: object) -> Options:
    return options_for(path, "sold", **{"hidden": (16, 8), "members": 3, "sums": 5, **changes})


@pytest.mark.parametrize(
    ("family", "sums", "members"),
    [
        *[(family, *each) for family in get_args(FamilyName) for each in ((0, 1), (5, 3))],
        ("plain", 5, 1),
        ("plain", 0, 3),
    ],
)
def test_the_folded_network_answers_as_the_fitted_one(
    binary: Data, data_file: Path, family: FamilyName, sums: int, members: int
) -> None:
    options = options_of(data_file, network=family, sums=sums, members=members)
    seed_everything(2)
    learner = fitted(binary.features, binary.task, options)
    part = Part(learner.encode(binary.train.arrays), binary.task.scaled(binary.train.y))
    fit(learner.trunk, binary.task, part, part, options, lambda *_: None)
    rows = binary.features.spoiled(take(binary.test.arrays, slice(40)), np.random.default_rng(0))
    served = fold(learner, binary.features, binary.task, options)
    np.testing.assert_allclose(only(served.predict(rows)), only(learner.predict(rows)), rtol=1e-4, atol=1e-5)


def test_what_is_served_has_no_layer_that_only_helped_to_learn(data: Data, data_file: Path) -> None:
    options = options_of(data_file)
    seed_everything(2)
    learner = fitted(data.features, data.task, options)
    served = fold(learner, data.features, data.task, options)
    assert SUMS in {layer.name for layer in learner.trunk.layers}
    assert SUMS not in {layer.name for layer in served.trunk.layers}
    assert [weights.shape[-1] for weights in served.trunk.get_layer("hidden_1").get_weights()] == [24, 24]
    session = Session(export(served))
    rows = parity_rows(data.features, data.validation.arrays, 0)
    check_parity(served.predict, session.predict, rows, data.task.outputs)


def test_a_table_of_numbers_alone_folds_too(binary: Data, data_file: Path) -> None:
    less = without(binary, ("color", "city"))
    options = options_of(data_file)
    seed_everything(2)
    learner = fitted(less.features, less.task, options)
    rows = take(less.test.arrays, slice(20))
    served = fold(learner, less.features, less.task, options)
    np.testing.assert_allclose(only(served.predict(rows)), only(learner.predict(rows)), rtol=1e-4, atol=1e-5)


def test_the_sums_of_the_pieces_are_learned(binary: Data, data_file: Path) -> None:
    options = options_of(data_file).changed(epochs=1)
    seed_everything(2)
    learner = fitted(binary.features, binary.task, options)
    before, _ = learner.trunk.get_layer(SUMS).get_weights()
    part = Part(learner.encode(binary.train.arrays), binary.task.scaled(binary.train.y))
    fit(learner.trunk, binary.task, part, part, options, lambda *_: None)
    after, _ = learner.trunk.get_layer(SUMS).get_weights()
    assert (before[:, 1] == 0).all()  # the first piece of each column begins at zero
    cut = [len(each.edges) > 2 for group in binary.features.groups for each in _floats(group)]
    assert (np.abs(after[:, 1]).max(axis=1) > 0).tolist() == cut


def _floats(group: Group) -> list[Floats]:
    if not isinstance(group.type, NumericType):
        return []
    return [each for column in group.columns for each in group.type.floats(column)]
