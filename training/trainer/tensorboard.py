"""TensorBoard: the losses and the learning rate of each epoch -> event files.

Scalars alone. They are written by TensorFlow itself: `tf.summary.scalar` would want the package `tensorboard`, which
only who looks at them needs. It knows nothing about what is learned.
"""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

Metadata = tf.compat.v1.SummaryMetadata
SCALAR = Metadata(plugin_data=Metadata.PluginData(plugin_name="scalars"), data_class=1)  # DATA_CLASS_SCALAR


class TensorBoard(keras.callbacks.Callback):  # type: ignore[misc]  # keras ships no types
    """Write the scalars of each epoch, flushed, so that they can be watched; a resumed run goes on in another file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        for part in ("train", "validation"):
            self._writers[part] = tf.summary.create_file_writer(str(self._folder / part))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self._write("train", epoch, loss=logs["loss"], learning_rate=rate)
        self._write("validation", epoch, loss=logs["val_loss"])

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        for writer in self._writers.values():
            writer.close()

    def _write(self, part: str, epoch: int, **scalars: float) -> None:
        with self._writers[part].as_default():
            for name, value in scalars.items():
                tf.summary.write(name, tf.constant(value, tf.float32), step=epoch + 1, metadata=SCALAR)
        self._writers[part].flush()
