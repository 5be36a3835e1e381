"""Fit with XLA in a process of its own, for it is off where TensorFlow's sums have an order, and say how: DATA."""

import json
import sys
from pathlib import Path

from training.cli import environment as quiet

quiet.set_environment()

from tests.training.conftest import options_for  # noqa: E402 - libraries read the environment when they are imported
from training.data.prepare import prepare  # noqa: E402
from training.network import reparameterize as fold  # noqa: E402
from training.trainer.fit import encoded, fit, seed_everything  # noqa: E402


def main(data_file: Path) -> None:
    options = options_for(data_file, "price", hidden=(4,), sums=0, epochs=4, jit=True)
    seed_everything(0, exactly=not options.fit.jit)
    data = prepare(options)
    learner = fold.fitted(data.features, data.task, options)
    parts = encoded(learner, data.task, data.train), encoded(learner, data.task, data.validation)
    history = fit(learner.trunk, data.task, *parts, options, lambda *_: None)
    print(json.dumps({"compiled": learner.trunk.jit_compile, "losses": history.validation_loss}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
