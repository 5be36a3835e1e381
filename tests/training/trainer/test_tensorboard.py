from pathlib import Path

import pytest
import tensorflow as tf

from tests.training.conftest import options_for
from training.data.prepare import Data
from training.network import reparameterize as fold
from training.trainer.fit import History, Part, fit, seed_everything
from training.trainer.run_context import RunContext
from training.trainer.tensorboard import TensorBoard


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Read the event files back: name -> (epoch, value)."""
    found: dict[str, list[tuple[int, float]]] = {}
    for path in sorted(folder.glob("events.*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                found.setdefault(value.tag, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    return found


def learn(data: Data, path: Path, folder: Path, **changes: object) -> History:
    options = options_for(path, "sold", **changes)
    seed_everything(1)
    network = fold.fitted(data.features, data.task, options)
    train_part, validation_part = (
        Part(network.encode(rows.arrays), data.task.scaled(rows.y)) for rows in (data.train, data.validation)
    )
    setting = RunContext(board=TensorBoard(folder))
    return fit(network.trunk, data.task, train_part, validation_part, options, lambda *_: None, setting)


def test_the_event_files_hold_the_losses_and_the_learning_rate(binary: Data, data_file: Path, tmp_path: Path) -> None:
    history = learn(binary, data_file, tmp_path, epochs=3, schedule="cosine", learning_rate=0.01)
    train, validation = scalars(tmp_path / "train"), scalars(tmp_path / "validation")
    assert [value for _, value in train["loss"]] == pytest.approx(history.loss)
    assert [value for _, value in validation["loss"]] == pytest.approx(history.validation_loss)
    assert [epoch for epoch, _ in train["learning_rate"]] == [1, 2, 3]
    rates = [value for _, value in train["learning_rate"]]
    assert rates == pytest.approx([0.01, 0.00505, 0.0001])
