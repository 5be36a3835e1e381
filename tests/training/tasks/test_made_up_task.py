"""A task is added by a module and a line in the registry, on both sides: no other file knows of it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.answers import registry as service
from training.bundle.golden import golden
from training.columns.arrays import predict_in_batches
from training.compression import candidates
from training.compression.selection import choose
from training.data.prepare import Data, prepare
from training.evaluation import baselines, leakage
from training.evaluation.bootstrap import intervals
from training.evaluation.permutation_importance import importances
from training.evaluation.slices import slices
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.network import reparameterize
from training.network.network import Network
from training.network.reparameterize import calibrate
from training.options import Options, facts, flags
from training.options.declare import Member
from training.tasks import registry
from training.tasks.evaluate import evaluate
from training.trainer.fit import encoded, fit, seed_everything

OWN = "tests.training.tasks.series"


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Three numbers that follow from two, and the registries with a line more."""
    monkeypatch.setitem(service.ANSWERS, "series", "tests.support.series:SeriesAnswer")
    monkeypatch.setitem(registry.TASKS, "series", Member(f"{OWN}:Series", f"{OWN}:SeriesOptions"))
    random = np.random.default_rng(0)
    a, b, noise = random.normal(size=(3, 600)).round(2)
    y = np.stack([a, b, np.full(600, 0.3)], axis=1)
    frame = pd.DataFrame({"a": a, "b": b, "noise": noise, "next": [json.dumps(row) for row in y.tolist()]})
    path = tmp_path / "walks.csv"
    frame.to_csv(path, index=False)
    return Options.of(data=path, target="next", tower=8, epochs=12, learning_rate=0.01)


@pytest.fixture
def data(options: Options) -> Data:
    return leakage.warned(prepare(options))


def learned(data: Data, options: Options) -> Network:
    seed_everything(1)
    learner = reparameterize.fitted(data.features, data.task, options)
    parts = encoded(learner, data.task, data.train), encoded(learner, data.task, data.validation)
    fit(learner.trunk, data.task, *parts, options, lambda *_: None)
    return reparameterize.fold(learner, data.features, data.task, options)


def test_it_is_inferred_from_the_target_and_its_options_are_kept(data: Data, options: Options) -> None:
    assert data.task.name == "series"
    assert data.train.y.shape == (len(data.train), 3)
    assert flags(options)[:4] == ["--target", "next", "--tower", "8"]
    assert facts(options, {"series"})["series"] == {"tower": 8}
    assert data.warnings == ()


def test_its_network_is_fitted_exported_compressed_and_judged(data: Data, options: Options) -> None:
    network = learned(data, options)
    assert not calibrate(network, data.task, data.validation, options).changes
    graph = export(network)
    session = Session(graph)
    rows = parity_rows(data.features, data.test.arrays, 0)
    check_parity(network.predict, session.predict, rows, data.task.outputs)
    found = candidates.find(options.changed(compress="full"), data, network, graph, lambda _: None)
    choice = choose(found, options.compress.budget)
    assert not [candidate.name for candidate in found if candidate.name.startswith(("pruned", "student"))]
    predict = Session(choice.chosen.graph).predict
    scores = evaluate(data.task, predict, data.test)
    trivial = baselines.fitted(data.task, data.features, data.train, seed=0)
    assert list(trivial) == [baselines.TRIVIAL]
    guessed = trivial[baselines.TRIVIAL](data.test)
    assert scores["first_place"] > data.task.evaluate(data.test.y, guessed)["first_place"] + 0.2
    answers = predict_in_batches(predict, data.test.arrays)
    sure = intervals(data.task, data.test, answers, guessed, baselines.TRIVIAL, seed=0)
    assert sure.difference["first_place"].low > 0
    assert slices(data.task, data.features, data.train, data.test, answers, seed=0).metric == "mae"
    by = importances(data.task, data.features, predict, data.validation, seed=0, done=lambda _: None)
    assert by[-1].feature == "noise"


def test_golden_rows_hold_both_outputs_and_the_tolerance_is_its_own(data: Data, options: Options) -> None:
    predict = Session(export(learned(data, options.changed(epochs=1)))).predict
    found = json.loads(json.dumps(golden(data.test_frame, data.features, data.optional, data.task, predict, "fp32")))
    assert set(found["outputs"]) == {"values", "order"}
    assert all(isinstance(place, int) for place in found["outputs"]["order"][0])
    assert found["rtol"] == 0.01
