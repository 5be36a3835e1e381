"""Rows that count by a column: as so many equal rows, in the fit, in what is judged, and on further files."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from app.bundle import reader as contract
from tests.training.conftest import ROWS, options_for
from training.calibration.temperature import calibrated
from training.calibration.threshold import best_threshold
from training.cli.bundles import COMMANDS
from training.columns.arrays import Rows
from training.data.prepare import Data, prepare
from training.errors import DataError
from training.evaluation import baselines, leakage
from training.evaluation import evaluate_bundle as verdict
from training.evaluation import served_bundle as served
from training.network import reparameterize
from training.options import Options
from training.pipeline import train
from training.tasks.parts import LINEAR
from training.trainer.fit import encoded, fit, seed_everything
from training.trainer.training_rows import training_rows

Write = Callable[[Any], Path]


@pytest.fixture
def written(frame: pd.DataFrame, tmp_path: Path) -> Write:
    """Write the table with weights, (rows,)."""

    def write(weights: Any) -> Path:
        frame.assign(count=weights).to_csv(tmp_path / "goods.csv", index=False)
        return tmp_path / "goods.csv"

    return write


def counts(low: int, high: int, rows: int = ROWS + 5) -> np.ndarray:
    return np.random.default_rng(1).integers(low, high, rows)


def repeated(rows: Rows) -> Rows:
    """Return each row as often as its weight says, without weights."""
    assert rows.weights is not None
    return replace(rows.take(np.repeat(np.arange(len(rows)), rows.weights.astype(int))), weights=None)


@pytest.mark.parametrize("stream", [False, True])
def test_rows_have_their_weights_and_those_of_zero_are_left_out(written: Write, stream: bool) -> None:
    weights = counts(0, 4)
    data = prepare(options_for(written(weights), "sold", weights="count", stream=stream))
    assert data.table.rows_weightless == (weights == 0).sum() > 0
    assert data.table.rows_without_target == 0
    parts = (data.train, data.validation, data.test)
    assert sum(map(len, parts)) == (weights > 0).sum()
    joined = np.concatenate([part.weights for part in parts if part.weights is not None])
    assert sorted(joined) == sorted(weights[weights > 0])
    assert "count" not in data.features.order
    fate = next(column.fate for column in data.table.columns if column.name == "count")
    assert fate == "dropped: it says how much each row counts (--weights)"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("weight", "refused"),
    [
        (-1, r"`--weights`: expected numbers of zero or more in 'count'. Received: -1 in row 7"),
        ("", "Received: a missing cell in row 7"),
        ("inf", "Received: .* in row 7"),
        ("many", "expected a column of numbers. Received: 'count', of words"),
    ],
)
def test_what_is_no_weight_is_refused_by_its_row(written: Write, weight: Any, refused: str, stream: bool) -> None:
    weights = np.ones(ROWS + 5, object)
    weights[6] = weight
    if weight == "many":
        weights[:300] = weight
    with pytest.raises(DataError, match=refused):
        prepare(options_for(written(weights), "sold", weights="count", stream=stream))


def test_a_row_without_a_target_needs_no_weight(frame: pd.DataFrame, tmp_path: Path) -> None:
    """The row that is named is that of the file, whatever rows before it have no target."""
    path, weights = tmp_path / "goods.csv", np.ones(ROWS + 5)
    weights[2], weights[9] = -1, -2
    frame.assign(count=weights, sold=frame["sold"].where(np.arange(ROWS + 5) != 2)).to_csv(path, index=False)
    with pytest.raises(DataError, match="-2 in row 10"):
        prepare(options_for(path, "sold", weights="count"))


@pytest.mark.parametrize("options", [{"weights": "count"}, {"weights": "nothing"}, {"weights": "sold"}])
def test_weights_that_cannot_be_are_refused(written: Write, options: dict[str, str]) -> None:
    with pytest.raises(DataError, match=r"`--weights`: expected"):
        prepare(options_for(written(0), "sold", **options))


def whole_batches(data: Data, **more: object) -> Options:
    """Options of a fit whose every step is of all rows: there, weights are as repeated rows to the last digits."""
    plain = {"network": "plain", "dropout": 0.0, "averaging": 0.0, "optimizer": "sgd", "schedule": "constant"}
    return Options.of(
        data=Path("d.csv"), hidden=(8,), epochs=4, patience=9, batch_size=10_000, learning_rate=0.1, **plain, **more
    )


@pytest.mark.parametrize(
    ("target", "more"), [("kind", {"class_weights": True}), ("price", {}), ("price", {"members": 2})]
)
def test_the_fit_takes_weights_as_repeated_rows(written: Write, target: str, more: dict[str, Any]) -> None:
    drop = {"price", "kind", "sold", "city", "color"} - {target}  # codes are dropped at random while training
    data = prepare(options_for(written(counts(1, 4)), target, weights="count", drop=tuple(drop)))
    options, losses = whole_batches(data, **more), []
    for train_rows, validation in [
        (data.train, data.validation),
        (repeated(data.train), repeated(data.validation)),
        (replace(data.train, weights=None), data.validation),
    ]:
        seed_everything(1)
        learner = reparameterize.fitted(data.features, data.task, options)
        parts = encoded(learner, data.task, train_rows), encoded(learner, data.task, validation)
        losses.append(fit(learner.trunk, data.task, *parts, options, lambda _epoch, _losses: None).validation_loss)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    assert not np.allclose(losses[0], losses[2], rtol=1e-4)


def test_a_stream_gives_its_weights_to_the_fit(written: Write) -> None:
    options = options_for(written(counts(1, 4)), "sold", weights="count", stream=True)
    data = prepare(options)
    learner = reparameterize.fitted(data.features, data.task, options)
    with training_rows(data, learner, options, lambda _share: None) as train_rows:
        batches = list(train_rows.feed(64, seed=0).batches().as_numpy_iterator())
        classes = train_rows.class_counts()
    weights = np.concatenate([batch[2] for batch in batches])
    assert data.train.weights is not None
    np.testing.assert_allclose(np.sort(weights), np.sort(data.train.weights / data.train.weights.mean()), rtol=1e-6)
    assert "slipway:weight" not in batches[0][0]
    np.testing.assert_allclose(classes, np.bincount(data.train.y, data.train.relative_weights))


def test_what_is_chosen_on_validation_rows_goes_by_their_weights() -> None:
    random = np.random.default_rng(0)
    said = random.dirichlet([1, 1], 400)
    y, weights = (random.random(400) < said[:, 1] ** 2).astype(np.int64), random.integers(1, 6, 400).astype(float)
    rows = np.repeat(np.arange(400), weights.astype(int))
    one, other = calibrated(said, y, weights), calibrated(said[rows], y[rows])
    assert one.temperature == pytest.approx(other.temperature)
    assert one.temperature != pytest.approx(calibrated(said, y).temperature)
    assert one.log_loss_after == pytest.approx(other.log_loss_after)
    for metric in ("f1", "accuracy", "balanced_accuracy"):
        found = best_threshold(metric, y, said[:, 1], weights)
        assert found == pytest.approx(best_threshold(metric, y[rows], said[rows, 1]))


@pytest.mark.parametrize("target", ["sold", "price"])
def test_baselines_and_suspects_go_by_weights(written: Write, target: str) -> None:
    data = prepare(options_for(written(counts(1, 4)), target, weights="count"))
    plain = replace(data.train, weights=None)
    for rows, near in ((repeated(data.train), True), (plain, False)):
        models = [
            baselines.fitted(data.task.fit_to(each.y, each.weights), data.features, each, 0)
            for each in (data.train, rows)
        ]
        trivial = [next(iter(model[baselines.TRIVIAL](data.test).values())) for model in models]
        assert np.allclose(trivial[0], trivial[1], atol=1e-6) == near
    linear = [baselines.fitted(data.task, data.features, each, 0)[LINEAR](data.test) for each in (data.train, plain)]
    one_way, other_way = (next(iter(each.values())) for each in linear)
    assert not np.allclose(one_way, other_way, rtol=1e-3)
    rule = data.task.leak_rule()
    assert rule is not None
    one, other = (
        dict(leakage._answers(data.task, rule, data.features, each, data.test))
        for each in (data.train, repeated(data.train))
    )
    np.testing.assert_allclose(one["color"][rule.output], other["color"][rule.output])


@pytest.fixture(scope="module")
def weighted_bundle(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("weighted")
    frame.assign(count=counts(0, 4)).to_csv(folder / "goods.csv", index=False)
    said = io.StringIO()
    options = options_for(folder / "goods.csv", "sold", weights="count", models=folder, threshold_for="f1", epochs=1)
    return train(options, Console(file=said, width=200)), said.getvalue()


def test_the_card_and_the_manifest_say_that_rows_count(weighted_bundle: tuple[Path, str]) -> None:
    folder, said = weighted_bundle
    zeros = (counts(0, 4) == 0).sum()
    sentence = f"Rows count by `count`; {zeros} of weight zero were left out."
    assert sentence in said
    assert sentence in (folder / contract.CARD).read_text()
    training = contract.read(folder).manifest.training
    assert training["weights"] == "count"
    assert training["rows"]["weightless"] == zeros
    assert training["rows"]["without_target"] == 0


def test_a_further_file_is_judged_by_its_weights_as_by_repeated_rows(
    weighted_bundle: tuple[Path, str], frame: pd.DataFrame, tmp_path: Path
) -> None:
    bundle, weights = served.load(weighted_bundle[0]), counts(0, 5)
    rows = np.repeat(np.arange(len(frame)), weights)
    frame.assign(count=weights).to_csv(tmp_path / "weighted.csv", index=False)
    frame.iloc[rows].assign(count=1).to_csv(tmp_path / "repeated.csv", index=False)
    frame.drop(columns="count", errors="ignore").to_csv(tmp_path / "plain.csv", index=False)
    answers = {name: verdict.answer(bundle, tmp_path / f"{name}.csv") for name in ("weighted", "repeated", "plain")}
    found = {name: verdict.judge(bundle, each).metrics for name, each in answers.items()}
    assert answers["weighted"].weightless == (weights == 0).sum()
    for name, value in found["weighted"].items():
        assert value.value == pytest.approx(found["repeated"][name].value, abs=1e-6), name
    assert found["plain"]["log_loss"].value != pytest.approx(found["weighted"]["log_loss"].value, abs=1e-4)
    shown = [
        CliRunner().invoke(COMMANDS["evaluate"], [str(weighted_bundle[0]), str(tmp_path / f"{name}.csv")]).output
        for name in ("weighted", "plain")
    ]
    assert "Rows count by count" in shown[0]
    assert "The file lacks count" in shown[1]


def test_a_row_of_a_further_file_without_a_weight_is_left_out(
    weighted_bundle: tuple[Path, str], frame: pd.DataFrame, tmp_path: Path
) -> None:
    weights = np.ones(len(frame), object)
    weights[:3] = [-1, "", "heavy"]
    frame.assign(count=weights).to_csv(tmp_path / "new.csv", index=False)
    answers = verdict.answer(served.load(weighted_bundle[0]), tmp_path / "new.csv")
    assert answers.refused == 3
    assert "line 2, `count`: expected a weight of zero or more. Received: '-1'" in answers.faults[0]
