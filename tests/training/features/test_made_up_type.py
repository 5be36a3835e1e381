import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.features import registry as service
from training.bundle.golden import golden
from training.bundle.profile import profile
from training.columns.arrays import predict_in_batches
from training.data.prepare import Data, prepare
from training.evaluation import baselines
from training.evaluation.permutation_importance import importances
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.features import registry
from training.network import reparameterize as fold
from training.options import Options
from training.options.declare import Member
from training.tasks.evaluate import evaluate
from training.trainer.fit import encoded, fit, seed_everything
from training.trainer.training_rows import training_rows

OWN = "tests.training.features.track"
MOST = 5


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Tracks of none to nine points, which say the target, beside a number; and the registries with a line more."""
    monkeypatch.setitem(service.FEATURES, "track", "tests.support.track:Tracks")
    monkeypatch.setitem(registry.FEATURES, "track", Member(f"{OWN}:Track", f"{OWN}:TrackOptions"))
    random = np.random.default_rng(0)
    sides = random.integers(0, 2, 600)
    tracks = [
        np.round(random.normal(2 * side - 1, 0.3, (random.integers(1, 10), 2)), 2).tolist()
        if random.random() > 0.05
        else None
        for side in sides
    ]
    frame = pd.DataFrame(
        {
            "way": [None if track is None else json.dumps(track) for track in tracks],
            "noise": random.normal(size=600),
            "side": np.where(sides, "right", "left"),
        }
    )
    path = tmp_path / "ways.csv"
    frame.to_csv(path, index=False)
    return Options.of(data=path, target="side", track_points=MOST, epochs=4, learning_rate=0.01)


@pytest.fixture
def data(options: Options) -> Data:
    return prepare(options)


def test_it_is_recognised_described_and_laid_out(data: Data) -> None:
    assert data.table.types == {"way": "track", "noise": "number"}
    assert data.features.manifest("way") == {"place": 0, "most": MOST}
    points, length = (data.train.arrays[name] for name in ("track_points", "track_length"))
    assert points.shape == (len(data.train), MOST, 2)
    assert length.shape == (len(data.train), 1)
    assert [points.dtype.name, length.dtype.name] == ["float32", "int64"]
    assert not points[length[:, 0] == 0].any()


@pytest.mark.parametrize("stream", [False, True])
def test_a_network_learns_from_it_and_its_graph_answers_alike(options: Options, stream: bool) -> None:
    options = options.changed(stream=stream)
    data = prepare(options)
    seed_everything(1)
    learner = fold.fitted(data.features, data.task, options)
    with training_rows(data, learner, options, lambda _share: None) as train:
        fit(learner.trunk, data.task, train, encoded(learner, data.task, data.validation), options, lambda *_: None)
    network = fold.fold(learner, data.features, data.task, options)
    predict = Session(export(network)).predict
    check_parity(network.predict, predict, parity_rows(data.features, data.test.arrays, 0), data.task.outputs)
    assert evaluate(data.task, predict, data.test)["roc_auc"] > 0.95
    found = importances(data.task, data.features, predict, data.validation, seed=0, done=lambda _: None)
    assert found[0].feature == "way"
    recorded = golden(data.test_frame, data.features, data.optional, data.task, predict, "fp32")
    assert any(isinstance(instance["way"], list) for instance in recorded["instances"])
    assert any(instance["way"] is None for instance in recorded["instances"])


def test_baselines_and_the_profile_see_it(data: Data) -> None:
    fitted = baselines.fitted(data.task, data.features, data.train, 0)
    answers = fitted["hist_gradient_boosting"](data.test)
    assert data.task.evaluate(data.test.y, answers)["roc_auc"] > 0.95
    found = profile(
        data.features,
        data.task,
        data.train.arrays,
        predict_in_batches(lambda rows: data.task.trivial(len(rows["track_length"])), data.train.arrays),
    )
    assert found["features"]["way"]["maximum"] == MOST
