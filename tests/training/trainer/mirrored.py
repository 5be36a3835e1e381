"""Fit on one and on two logical devices of a processor, in a process of its own, and say the losses: DATA."""

import json
import sys
from pathlib import Path
from typing import Any

from training.cli import environment as quiet

quiet.set_environment()

import tensorflow as tf  # noqa: E402 - libraries read the environment when they are imported

from tests.training.conftest import only, options_for  # noqa: E402
from training.data.prepare import prepare  # noqa: E402
from training.network import reparameterize as fold  # noqa: E402
from training.trainer import distributed as devices  # noqa: E402
from training.trainer.fit import Part, fit, seed_everything  # noqa: E402


def main(data_file: Path) -> None:
    [processor] = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    names = [device.name for device in tf.config.list_logical_devices("CPU")]
    print(json.dumps([learned(names[:1], data_file), learned(names, data_file)]))


def learned(names: list[str], data_file: Path) -> dict[str, Any]:
    unused = ("kind", "sold", "color", "city")
    # Without repeated rows each batch has an even number of rows: two devices weigh their halves alike.
    options = options_for(data_file, "price", drop=unused, drop_duplicates=True, dropout=0.0, epochs=4)
    seed_everything(0)
    data = prepare(options)
    with devices.scope(names):
        network = fold.fitted(data.features, data.task, options)
    train, validation = (
        Part(network.encode(rows.arrays), data.task.scaled(rows.y)) for rows in (data.train, data.validation)
    )
    history = fit(network.trunk, data.task, train, validation, options, lambda *_: None)
    served = fold.fold(network, data.features, data.task, options)
    answers = only(served.predict(data.test.arrays))[:, 0].tolist()
    copies = network.trunk.distribute_strategy.num_replicas_in_sync
    return {"copies": copies, "losses": history.validation_loss, "answers": answers}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
