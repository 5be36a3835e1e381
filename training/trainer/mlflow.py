"""Tracking: a run -> an MLflow store: its options, the losses of each epoch, the test metrics and the bundle.

The experiment is called as the model. It needs the extra `mlflow`, which is imported when it is asked for.
It knows nothing about what is learned.
"""

import importlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from training.errors import DataError, TrainingError
from training.options.declare import text
from training.tasks.base import Metrics

SQLITE = "sqlite:///"


class Tracker(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """One run in the store, in the experiment `name`; as a callback of the fit, it logs each epoch."""

    def __init__(self, uri: str, name: str, parameters: Mapping[str, Any]) -> None:
        super().__init__()
        self._client, self._wrong = _client(uri)
        try:
            known = self._client.get_experiment_by_name(name)
            experiment = known.experiment_id if known else self._client.create_experiment(name, _artifacts(uri))
            self._run = self._client.create_run(experiment).info.run_id
            for key, value in parameters.items():
                self._client.log_param(self._run, key, text(value))
        except self._wrong as error:
            raise DataError(f"`--mlflow`: expected a store that can be written to. Received: {uri}: {error}") from error

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        said = {"loss": logs["loss"], "validation_loss": logs["val_loss"], "learning_rate": rate}
        for name, value in said.items():
            self._client.log_metric(self._run, name, float(value), step=epoch + 1)

    def finish(self, folder: Path, scores: Mapping[str, Metrics]) -> None:
        """Log test metrics and bundle, and end the run; a TrainingError says that the store is out of reach."""
        try:
            for model, metrics in scores.items():
                for name, value in metrics.items():
                    self._client.log_metric(self._run, f"test/{model}/{name}", value)
            self._client.log_artifacts(self._run, str(folder), "bundle")
            self._client.set_terminated(self._run)
        except self._wrong as error:
            raise TrainingError(f"{folder} is written, but not tracked: {error}") from error


def _client(uri: str) -> tuple[Any, tuple[type[Exception], ...]]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it is read at import
    try:
        mlflow = importlib.import_module("mlflow")
    except ModuleNotFoundError as error:
        raise DataError("`--mlflow`: expected the extra `mlflow`: pip install 'slipway[mlflow]'.") from error
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    wrong = (mlflow.MlflowException, OSError)
    try:
        return mlflow.MlflowClient(tracking_uri=uri), wrong
    except wrong as error:
        raise DataError(
            f"`--mlflow`: expected a store, as sqlite:///runs.db or http://host:5000. Received: {uri}: {error}"
        ) from error


def _artifacts(uri: str) -> str | None:
    """Return where a local store's files go: beside it, instead of wherever the command was given."""
    if not uri.startswith(SQLITE):
        return None
    return (Path(uri.removeprefix(SQLITE)).resolve().parent / "mlartifacts").as_uri()
