import io
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from app.bundle import reader as contract
from tests.training.conftest import REPOSITORY, options_for
from training.options import Options
from training.pipeline import default_name, train


def run(options: Options) -> tuple[contract.Bundle, str]:
    said = io.StringIO()
    folder = train(options, Console(file=said, width=120))
    return contract.read(folder), said.getvalue()


@pytest.mark.parametrize(("target", "metric"), [("kind", "accuracy"), ("price", "r2")])
def test_the_whole_road_for_the_other_tasks(data_file: Path, tmp_path: Path, target: str, metric: str) -> None:
    options = options_for(data_file, target, models=tmp_path, epochs=30, learning_rate=0.01)
    found, said = run(options)
    assert found.manifest.metrics["shipped"][metric] > found.manifest.metrics["baseline"][metric] + 0.3
    assert said.rstrip().endswith(f"python -m app --models {tmp_path}")
    assert f"make serve MODELS={tmp_path}" in said
    assert "hist_gradient_boosting" in said
    training = found.manifest.training
    kept = training["residuals"] if target == "price" else training["reliability"]
    judged = kept["rows"] if target == "price" else sum(claims for _, _, claims in kept["bins"])
    assert judged == training["rows"]["test"]
    assert {"residuals", "reliability"} - training.keys() == {"reliability" if target == "price" else "residuals"}


def test_columns_and_what_to_look_at_before_trusting_the_model_are_said_and_written(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    """And codes keep their text when they are named categorical; allowing gaps makes every feature optional."""
    data = tmp_path / "goods.csv"
    told = frame["sold"].map({"yes": "none", "no": "full"})
    frame.assign(refund=told, zip=[f"{i % 7:03d}" for i in frame["id"]]).to_csv(data, index=False)
    options = options_for(data, "sold", models=tmp_path / "models", epochs=1, categorical=("zip",), allow_missing=True)
    found, said = run(options)
    assert "5 equal to one before, kept" in said
    assert "dropped: the same value in every row" in said
    warning = "`refund` alone predicts the target almost perfectly"
    assert warning in " ".join(said.split())
    assert warning in (found.folder / contract.CARD).read_text()
    features: dict[str, Any] = {feature.name: feature for feature in found.manifest.features}
    assert "003" in features["zip"].vocabulary
    assert len(features) > 5
    assert all(feature.optional for feature in features.values())


def test_features_are_described_as_the_service_wants_them(bundle_folder: Path) -> None:
    features: dict[str, Any] = {each.name: each for each in contract.read(bundle_folder).manifest.features}
    assert list(features) == ["size", "weight", "color", "city", "old"]
    assert features["old"].type == "boolean"
    assert (features["size"].optional, features["weight"].optional) == (True, False)
    assert features["color"].vocabulary == ("red", "green", "blue")
    assert features["weight"].minimum is not None
    assert {feature.tensor for feature in features.values()} == {"numeric", "boolean", "categorical"}


def test_parquet_with_native_types_trains_alike(frame: pd.DataFrame, tmp_path: Path) -> None:
    data = tmp_path / "goods.parquet"
    frame.assign(old=frame["old"] == "true", sold=frame["sold"] == "yes").to_parquet(data)
    found, _ = run(options_for(data, "sold", models=tmp_path, epochs=1))
    assert found.manifest.labels == ("true", "false")  # the rarer label stands second
    assert {feature.name: feature.type for feature in found.manifest.features}["old"] == "boolean"


@pytest.mark.parametrize(("file", "target"), [("iris.csv", "target"), ("titanic.csv", "survived")])
def test_the_small_examples_work_without_options(tmp_path: Path, file: str, target: str) -> None:
    shutil.copy(REPOSITORY / "examples" / file, tmp_path)
    found, _ = run(Options.of(data=tmp_path / file, target=target, models=tmp_path / "models"))
    metrics = found.manifest.metrics
    assert metrics["shipped"]["accuracy"] > metrics["baseline"]["accuracy"] + 0.1
    assert metrics["shipped"]["accuracy"] > 0.75


def test_nothing_of_the_machine_is_in_the_bundle(bundle_folder: Path, data_file: Path) -> None:
    for path in bundle_folder.iterdir():
        assert str(data_file.parent).encode() not in path.read_bytes()
        assert str(Path.home()).encode() + b"/" not in path.read_bytes()


def test_a_model_is_named_after_its_file() -> None:
    assert default_name(Path("some/adult.csv.gz")) == "adult"
