"""Training from Python: the run of the command, in a process that is someone else's."""

import gc
import logging
import os
import random
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from app.bundle import reader
from app.errors import SlipwayError
from app.sources.errors import SourceError
from training.cli import library
from training.errors import DataError

OPTIONS = {"target": "sold", "drop": ["price", "kind"], "epochs": 10, "hidden": (16,), "bins": 4}


def test_a_frame_gives_the_bundle_that_its_file_gives(
    data_file: Path, bundle_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same network, rows and profile; and the process is left as it was.

    Which graph ships may differ from run to run, for it is chosen by measured times, too.
    """
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    random.seed(5)
    np.random.seed(5)
    before = (dict(os.environ), logging.getLogger().level, list(warnings.filters), random.getstate())
    drawn = np.random.get_state(legacy=False)["state"]["key"].tolist()
    folder = library.train(pd.read_csv(data_file), {**OPTIONS, "name": "goods", "models": tmp_path}, quiet=True)
    assert folder == tmp_path / "goods" / "1"
    ours, theirs = reader.read(folder), reader.read(bundle_folder)
    for model in ("keras", "fp32", "hist_gradient_boosting"):
        assert ours.manifest.metrics[model] == theirs.manifest.metrics[model]
    assert ours.manifest.features == theirs.manifest.features
    assert ours.manifest.training["rows"] == theirs.manifest.training["rows"]
    assert ours.golden.instances == theirs.golden.instances
    assert ours.profile is not None
    assert theirs.profile is not None
    assert ours.profile.features == theirs.profile.features
    assert (dict(os.environ), logging.getLogger().level, list(warnings.filters), random.getstate()) == before
    assert np.random.get_state(legacy=False)["state"]["key"].tolist() == drawn
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("data", "changes", "error", "message"),
    [
        ("nowhere.csv", {}, DataError, "nowhere.csv, which is not a file"),
        (pa.table({"a": [1]}), {}, DataError, "`--target`: expected one of the columns: a. Received: 'sold'."),
        (pa.table({"a": [1]}), {"name": None}, DataError, "`--name`: expected a name for the model"),
        (pa.table({"a": [1]}), {"name": "a/b", "target": "a"}, DataError, "two different values"),
        (pa.table({"a": pa.array([], pa.int64())}), {}, SourceError, "`frame`: expected rows. Received: 0 rows"),
        (5, {}, SourceError, "`frame`: expected a data frame"),
        (pa.table({"a": [1]}), {"epochs": 0}, DataError, "'--epochs'"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_mistake_is_an_error_with_the_message_of_the_command(
    data: object, changes: dict[str, object], error: type[SlipwayError], message: str, tmp_path: Path
) -> None:
    values = {"target": "sold", "drop": (), "name": "x", "models": tmp_path, **changes}
    with pytest.raises(error, match=message):
        library.train(data, values, quiet=True)
    assert not list(tmp_path.iterdir())


def test_it_prints_unless_it_is_told_to_be_quiet(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A remark about the frame is printed before anything is read."""
    indexed = pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="id"))
    for quiet, said in ((True, ""), (False, "Warning The index of the frame (id) is no column")):
        with pytest.raises(DataError):
            library.train(indexed, {"target": "b", "name": "x", "models": tmp_path}, quiet=quiet)
        assert capsys.readouterr().out.startswith(said)
        assert bool(said) or not capsys.readouterr().out


def test_nothing_is_left_of_a_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file goes when the run fails, too."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(DataError):
        library.train(pa.table({"a": [1]}), {"target": "b", "name": "x"}, quiet=True)
    assert not list(tmp_path.iterdir())


def test_a_keras_of_another_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(DataError, match=r"`keras`: expected tensorflow behind it\. Received: jax, .* KERAS_BACKEND="):
        library.train("nowhere.csv", {"target": "y"}, quiet=True)
