"""Columns of texts, alone and beside others, from cells to a graph."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import only
from tests.training.pretrained.small_folder import write_folder
from training.columns.arrays import Rows, spread
from training.compression.smaller_fronts import front_drafts
from training.data.prepare import Data, prepare
from training.errors import DataError
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.network.network import Network
from training.network.reparameterize import calibrate, fitted, fold
from training.options import Options
from training.trainer.fit import encoded, fit, seed_everything
from training.trainer.training_rows import training_rows

ROWS = 240
LETTERS = "abcdefghijklmnopqrstuvwxyz"
GOOD, BAD = (
    ("a fine and lovely film", "the best story of them all"),
    ("a dull and boring film", "the worst story of them"),
)


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reviews of which words and stars tell the mood, and words alone tell the price."""
    random = np.random.default_rng(0)
    good = random.integers(2, size=ROWS)
    words = [str(random.choice(GOOD if each else BAD)) for each in good]
    frame = pd.DataFrame(
        {
            "review": [f"{text} 电影 {''.join(random.choice(list(LETTERS), 8))} we saw" for text in words],
            "stars": np.clip(np.round(good * 2 + random.normal(2, 1, ROWS), 1), 0, 5),
            "mood": np.where(good, np.where(random.random(ROWS) < 0.5, "glad", "merry"), "sad"),
            "price": good * 10.0 + random.random(ROWS),
        }
    )
    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    frame.to_csv(path, index=False)
    return path


def learned(options: Options) -> tuple[Data, Network, Network]:
    """Return the data, the network that was fitted and the one that is served."""
    seed_everything(1)
    data = prepare(options)
    learner = fitted(data.features, data.task, options)
    validation = encoded(learner, data.task, data.validation)
    with training_rows(data, learner, options, lambda _: None) as train:
        fit(learner.trunk, data.task, train, validation, options, lambda *_: None)
    return data, learner, fold(learner, data.features, data.task, options)


def options_of(path: Path, target: str, **changes: object) -> Options:
    others = {"mood", "price"} - {target}
    quick = {"drop": tuple(others), "epochs": 15, "hidden": (8,), "bins": 4, **changes}
    return Options.of(data=path, target=target, **quick)


@pytest.mark.parametrize("several", [False, True])
def test_a_fit_of_texts_begins_with_what_the_target_alone_says(reviews: Path, several: bool) -> None:
    changes = {"drop": ("price", "stars"), **({"task": "multilabel"} if several else {})}
    data = prepare(options_of(reviews, "mood", **changes))
    begun = fitted(data.features, data.task, options_of(reviews, "mood", **changes))
    found = only(begun.predict(data.test.arrays))
    np.testing.assert_allclose(found, only(data.task.trivial(len(data.test))), rtol=1e-5)


@pytest.mark.parametrize(
    ("target", "drop"), [("mood", ("price", "stars")), ("mood", ("price",)), ("price", ("mood", "stars"))]
)
def test_texts_are_learned_and_served_alike(reviews: Path, target: str, drop: tuple[str, ...]) -> None:
    options = options_of(reviews, target, drop=drop)
    data, learner, served = learned(options)
    rows = data.test.arrays
    output = data.task.outputs[0]
    np.testing.assert_allclose(only(served.predict(rows)), only(learner.predict(rows)), atol=1e-4 * output.unit)
    calibrate(served, data.task, data.validation, options)
    session = Session(export(served))
    odd = parity_rows(data.features, data.validation.arrays, 0)
    assert check_parity(served.predict, session.predict, odd, data.task.outputs) <= 1e-5
    assert _better_than_trivial(data, served)


@pytest.mark.parametrize("drop", [("price", "stars"), ("price",)])
def test_an_encoder_beside_is_learned_and_served_alike(reviews: Path, drop: tuple[str, ...], tmp_path: Path) -> None:
    write_folder(tmp_path)
    options = options_of(reviews, "mood", drop=drop, encoder=tmp_path, epochs=3)
    data, learner, served = learned(options)
    rows = data.test.arrays
    np.testing.assert_allclose(only(served.predict(rows)), only(learner.predict(rows)), atol=1e-4)
    graph = export(served)
    odd = parity_rows(data.features, data.validation.arrays, 0)
    assert check_parity(served.predict, Session(graph).predict, odd, data.task.outputs) <= 1e-5
    [narrow] = front_drafts(served, graph)
    assert narrow.draft.precision == "int8-static"
    assert len(narrow.draft.graph) < len(graph)
    near, exact = (only(Session(each).predict(rows)) for each in (narrow.draft.graph, graph))
    assert 0 < np.abs(near - exact).mean() < 0.1  # random weights say nearly the same of all texts: little tells these


def test_a_number_is_learned_from_two_columns_of_texts(reviews: Path, tmp_path: Path) -> None:
    """The loss of a number bends eight times as much as that of a label, and two texts are twice as long as one."""
    frame = pd.read_csv(reviews)
    frame["title"] = frame["review"].str.slice(0, 30) + " again"
    path = tmp_path / "two.csv"
    frame.to_csv(path, index=False)
    data, _, served = learned(options_of(path, "price", drop=("mood", "stars"), type=("title=text",)))
    assert len(data.features.groups[0].columns) == 2
    assert _better_than_trivial(data, served)


def _better_than_trivial(data: Data, served: Network) -> bool:
    metric = data.task.budget_metrics[0]
    rows: Rows = data.test
    said, trivial = (
        data.task.evaluate(rows.y, answers)[metric]
        for answers in (served.predict(rows.arrays), data.task.trivial(len(rows)))
    )
    return bool(said > trivial + 0.2)


@pytest.mark.parametrize("read", [False, True])
def test_a_stream_of_texts_is_learned_from_as_a_table(reviews: Path, read: bool, tmp_path: Path) -> None:
    write_folder(tmp_path)
    encoder = tmp_path if read else None
    plain, stream = (
        learned(options_of(reviews, "mood", drop=("price",), stream=way, epochs=1, encoder=encoder))
        for way in (False, True)
    )
    rows = spread(plain[0].test.arrays, 20)
    assert stream[0].stream is not None
    assert only(stream[2].predict(rows)).shape == only(plain[2].predict(rows)).shape
    assert len(stream[1].encode(stream[0].train.arrays)["text_ids"]) == stream[0].rows.train


def test_a_network_of_its_own_does_not_take_texts(reviews: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = options_of(reviews, "mood", drop=("price",))
    data = prepare(options)
    monkeypatch.setattr(type(data.task), "has_own_network", True)
    monkeypatch.setattr(type(data.task), "wire", lambda _task, x, _options: x)
    with pytest.raises(DataError, match="whose network is its own"):
        fitted(data.features, data.task, options)
