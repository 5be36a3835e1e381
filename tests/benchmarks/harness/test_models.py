from pathlib import Path

import pytest

from app.bundle import reader as bundle
from app.runtime import model
from app.settings import Settings
from benchmarks.harness import models


@pytest.mark.parametrize("name", ["tabular", "images"])
def test_a_model_of_the_benchmark_is_a_bundle_that_the_service_loads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "BUILD", tmp_path)
    built = models.build(name)
    assert built is not None
    folder = built.folder / name / "1"
    assert bundle.read(folder).manifest.name == name
    model.load(folder, Settings())  # proves the golden rows


def test_the_same_seed_makes_the_same_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "BUILD", tmp_path)
    first, second = (models.build("tabular") for _ in range(2))
    assert first is not None
    assert first == second
