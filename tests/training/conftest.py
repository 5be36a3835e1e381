"""Small real data, prepared and trained once for all tests; no test touches the network or a mock."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from rich.console import Console

from tests.support.once import once
from training.cli import environment as quiet

quiet.set_environment()

from matplotlib.figure import Figure  # noqa: E402

from training.columns.arrays import Outputs  # noqa: E402
from training.data.prepare import Data, prepare  # noqa: E402
from training.export import ort_session  # noqa: E402
from training.export.onnx import export  # noqa: E402
from training.network import network as networks  # noqa: E402 - libraries read the environment when they are imported
from training.network.network import Network  # noqa: E402
from training.options import Options  # noqa: E402
from training.pipeline import train  # noqa: E402
from training.rendering import pictures  # noqa: E402
from training.rendering.picture import Picture  # noqa: E402
from training.reporting import card  # noqa: E402
from training.trainer.fit import seed_everything  # noqa: E402

THIRD_PARTY_WARNINGS = (
    # Keras 3.15 reads a variable by `np.array`, to which TensorFlow 2.21 gives no `copy` keyword yet.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    # MLflow 3.17 maps its tables in a way that SQLAlchemy 2.1 will not know for ever.
    "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning",
    # What the last step of the linear baseline gives is judged, converged or not (training/cli/environment.py).
    "ignore:lbfgs failed to converge",
    "ignore:Liblinear failed to converge",
)


def pytest_configure(config: pytest.Config) -> None:
    for line in THIRD_PARTY_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


REPOSITORY = Path(__file__).parents[2]
ROWS = 400


@pytest.fixture(scope="session", autouse=True)
def timed_briefly() -> Iterator[None]:
    """Time graphs by a run or two: no test wants to know how long they take, and it was a second of each training."""
    with pytest.MonkeyPatch.context() as patch:
        for name, count in {"TIMED_ROUNDS": 3, "RUNS_A_ROUND": 2, "WARM_RUNS": 1, "LOADS": 1}.items():
            assert hasattr(ort_session, name)
            patch.setattr(ort_session, name, count)
        yield


@pytest.fixture(scope="session", autouse=True)
def written_once() -> Iterator[None]:
    """Of what trainings draw, lay out and write one figure of each kind: it was a second and a half of each training.

    What figures show is looked at where they are drawn by themselves: tests/training/rendering, reporting and tasks.
    """
    written, plots = pictures._written, card.plots

    def once_a_kind(figure: Figure) -> Picture:
        kind = tuple(axes.get_title() for axes in figure.axes)
        if kind not in WRITTEN:
            WRITTEN[kind] = written(figure)
        return WRITTEN[kind]

    def of_a_run(*args: Any) -> dict[str, Picture]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pictures, "_written", once_a_kind)
            return plots(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(card, "plots", of_a_run)
        yield


WRITTEN: dict[tuple[str, ...], Picture] = {}  # title of each panel -> files


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """Rows with every kind of column: numbers, gaps, text, booleans, an identifier, a constant, repeated rows."""
    random = np.random.default_rng(7)
    size = random.normal(50, 12, ROWS).round(1)
    color = random.choice(["red", "green", "blue"], ROWS, p=[0.5, 0.3, 0.2])
    old = random.random(ROWS) < 0.4
    score = (size - 50) / 12 + (color == "red") - old + random.normal(0, 0.4, ROWS)
    made = pd.DataFrame(
        {
            "id": np.arange(1, ROWS + 1),
            "size": np.where(random.random(ROWS) < 0.1, np.nan, size),
            "weight": random.lognormal(3, 1, ROWS).round(2),
            "color": pd.Series(color).where(random.random(ROWS) >= 0.1),
            "city": random.choice([*(f"city {i}" for i in range(10)), "Ōsaka", "[UNK]"], ROWS),
            "old": np.where(old, "true", "false"),
            "planet": "earth",
            "price": (100 + 20 * score).round(2),
            "kind": pd.cut(score, [-9, -0.7, 0.7, 9], labels=["low", "mid", "high"]).astype(str),
            "sold": np.where(score > 0, "yes", "no"),
        }
    )
    return pd.concat([made, made.head(5)], ignore_index=True)


@pytest.fixture(scope="session")
def data_file(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = once(tmp_path_factory, "data", lambda folder: frame.to_csv(folder / "goods.csv", index=False))
    return folder / "goods.csv"


def options_for(data_file: Path, target: str, **changes: object) -> Options:
    """Options of a quick run that leaves the other two targets out."""
    others = tuple(name for name in ("price", "kind", "sold") if name != target)
    quick: dict[str, object] = {"drop": others, "epochs": 3, "hidden": (16,), "bins": 4, **changes}
    return Options.of(data=data_file, target=target, **quick)


def shares(probabilities: Any) -> Outputs:
    """Answers of classes, as the network gives them: (rows, labels)."""
    return {"probabilities": np.asarray(probabilities)}


def values(numbers: Any) -> Outputs:
    """Answers of a regression, as the network gives them: (rows, 1)."""
    return {"value": np.asarray(numbers)}


def only(outputs: Outputs) -> NDArray[Any]:
    """Return the one output."""
    (array,) = outputs.values()
    return array


def wired(**changes: object) -> Options:
    """Options of a small network that is built and not fitted."""
    return Options.of(data=Path("data.csv"), **{"network": "plain", "dropout": 0.0, "embedding": 4, **changes})


@pytest.fixture(scope="session", params=["sold", "kind", "price"], ids=["binary", "multiclass", "regression"])
def data(request: pytest.FixtureRequest, data_file: Path) -> Data:
    """The prepared table, once a task."""
    return prepare(options_for(data_file, request.param))


@pytest.fixture(scope="session")
def binary(data_file: Path) -> Data:
    return prepare(options_for(data_file, "sold"))


@pytest.fixture(scope="session")
def network(data: Data) -> Network:
    """An untrained network of each task; its weights are random but its answers are real."""
    seed_everything(3)
    return networks.build(data.features, data.task, wired(hidden=(16, 8), dropout=0.1))


@pytest.fixture(scope="session")
def graph(network: Network) -> bytes:
    return export(network)


@pytest.fixture(scope="session")
def bundle_folder(data_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle as `python -m training` writes it, the same for all workers: nobody may change it."""

    def make(models: Path) -> None:
        with Path(os.devnull).open("w") as nowhere:
            train(options_for(data_file, "sold", models=models, epochs=10), Console(file=nowhere))

    (manifest,) = once(tmp_path_factory, "bundle", make).glob("*/*/manifest.json")
    return manifest.parent
