"""A type of features and a task in a temporary package, with a line in each registry and nothing else."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from app.answers import registry as answers
from app.features import registry as features
from tests.support.once import once
from tests.training.conftest import pytest_configure, timed_briefly, written_once  # noqa: F401  (used by name)
from training import pipeline
from training.features import registry as trained_features
from training.options import Options
from training.options.declare import Member
from training.tasks import registry as tasks

PACKAGE = "slipway_made_up"
SOURCE = Path(__file__).parent / "made_up"
PLACES = {"bridge": (-2.0, 1.0), "harbour": (2.0, 1.5), "market": (0.0, -2.0), "park": (1.0, 3.0), "zoo": (-1.5, -3.0)}
ROWS = 500
MOST = 12  # points of a track


@pytest.fixture(scope="session")
def _package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(SOURCE, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def _register(patch: pytest.MonkeyPatch, package: str) -> None:
    """Add the lines."""
    patch.setitem(features.FEATURES, "track", f"{package}.served_track:Tracks")
    patch.setitem(answers.ANSWERS, "places", f"{package}.served_places:PlacesAnswer")
    track = Member(f"{package}.trained_track:Track", f"{package}.options:TrackOptions")
    patch.setitem(trained_features.FEATURES, "track", track)
    visits = Member(f"{package}.trained_visits:Visits", f"{package}.options:VisitOptions")
    patch.setitem(tasks.TASKS, "visits", visits)


@pytest.fixture
def registered(_package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registries with a line more each."""
    _register(monkeypatch, _package)


@pytest.fixture(scope="session")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of ways by one or two places, some with a way back, beside a number and a category."""
    random = np.random.default_rng(3)
    names = list(PLACES)
    rows = []
    for _ in range(ROWS):
        visited = sorted(random.choice(names, random.integers(1, 3), replace=False).tolist())
        rows.append(
            {
                "way": json.dumps(_track(random, visited)),
                "back": json.dumps(_track(random, visited)) if random.random() < 0.7 else None,
                "minutes": round(float(random.normal(30 * len(visited), 5)), 1),
                "weather": str(random.choice(["sun", "rain", "snow"])),
                "visited": json.dumps(visited),
            }
        )
    path = tmp_path_factory.mktemp("walks") / "walks.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def _track(random: np.random.Generator, visited: list[str]) -> list[list[float]]:
    each = [PLACES[name] + random.normal(0, 0.4, (random.integers(1, 12), 2)) for name in visited]
    found: list[list[float]] = np.concatenate(each).round(2).tolist()
    return found


@pytest.fixture(scope="session")
def options(walks: Path, _package: str) -> Options:
    with pytest.MonkeyPatch.context() as patch:
        _register(patch, _package)
        return Options.of(
            data=walks, target="visited", track_points=MOST, visit_units=12, bins=4, epochs=8, batch_size=16,
            learning_rate=0.01,
        )  # fmt: skip


@pytest.fixture(scope="session")
def bundle(options: Options, _package: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the version that training wrote, the same for all workers."""

    def make(models: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            _register(patch, _package)
            pipeline.train(options.changed(models=models), Console(quiet=True))

    (manifest,) = once(tmp_path_factory, "made-up", make).glob("*/*/manifest.json")
    return manifest.parent
