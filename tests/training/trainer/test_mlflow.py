import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.conftest import options_for
from training.errors import DataError
from training.pipeline import train
from training.trainer.mlflow import Tracker


def test_a_run_is_found_in_a_real_store(data_file: Path, tmp_path: Path) -> None:
    """A SQLite file, read back through MLflow itself: parameters, losses, test metrics, and the bundle's files."""
    import mlflow

    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    options = options_for(data_file, "sold", models=tmp_path / "models", mlflow=uri, epochs=2, compress="quick")
    folder = train(options, Console(file=io.StringIO()))
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("goods")
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["epochs"] == "2"
    assert run.data.params["target"] == "sold"
    losses = client.get_metric_history(run.info.run_id, "validation_loss")
    assert [found.step for found in losses] == [1, 2]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert run.data.metrics["test/shipped/accuracy"] == manifest["metrics"]["shipped"]["accuracy"]
    kept = tmp_path / "mlartifacts" / run.info.run_id / "artifacts" / "bundle"
    assert {path.name for path in kept.iterdir()} == {path.name for path in folder.iterdir()}
    assert (kept / "model.onnx").read_bytes() == (folder / "model.onnx").read_bytes()


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(DataError, match=r"pip install 'slipway\[mlflow\]'"):
        Tracker("sqlite:///runs.db", "goods", {})


@pytest.mark.parametrize("uri", ["nonsense://here", "sqlite:////dev/null/runs.db"])
def test_a_store_that_is_none_is_refused(uri: str) -> None:
    with pytest.raises(DataError, match="`--mlflow`: expected"):
        Tracker(uri, "goods", {})
