"""Tables of processes, each trained on and judged by a way: what the card says, and what is true.

    table ─ read, divide, fit, calibrate ─> the card's interval, by the code that the card's is made with
    fresh rows ─ the same network ─> truth

The network is judged as it is fitted and calibrated; a compressed graph is judged in the same way.
It knows nothing about how often the interval should hold the truth.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.training.processes import KINDS, RIGHT, TARGET, WRONG, Process
from training.cli import environment as quiet

quiet.set_environment()

import keras  # noqa: E402 - it reads the environment when it is imported

from training.columns.arrays import Outputs, predict_in_batches  # noqa: E402
from training.data.prepare import Data, prepare  # noqa: E402
from training.evaluation.baselines import TRIVIAL  # noqa: E402
from training.evaluation.bootstrap import intervals  # noqa: E402
from training.network import reparameterize  # noqa: E402
from training.network.network import Network  # noqa: E402
from training.options import Options  # noqa: E402
from training.tasks.base import Task  # noqa: E402
from training.trainer.fit import encoded, fit, seed_everything  # noqa: E402

FRESH_ROWS = 20_000
SMALL: dict[str, Any] = {
    "network": "plain",
    "hidden": (16,),
    "dropout": 0.0,
    "bins": 32,
    "sums": 0,
    "embedding": 2,
    "epochs": 12,
    "patience": 3,
    "batch_size": 64,
    "learning_rate": 0.02,
    "averaging": 0.9,
}


@dataclass(frozen=True)
class Judged:
    """What the card promised of one table, and what came."""

    kind: str
    way: str
    seed: int
    value: float
    low: float
    high: float
    truth: float
    few: str  # what the card says of rows that are too few
    seconds: float

    @property
    def holds(self) -> bool:
        return self.low <= self.truth <= self.high


def judge(process: Process, way: str, seed: int, data: Path) -> Judged:
    """Train on a table by a way, and put the card's interval beside the truth."""
    started = time.process_time()
    options = Options.of(data=data, target=TARGET, seed=seed, **SMALL, **process.ways[way])
    prepared = prepare(options)
    network, task = fitted(prepared, options), prepared.task
    answers = predict_in_batches(network.predict, prepared.test.arrays)
    found = intervals(task, prepared.test, answers, answers, TRIVIAL, seed)
    card = found.shipped[process.metric]
    truth = _truth(process, way, prepared, network)
    few, took_s = found.remarks.get(process.metric, ""), time.process_time() - started
    return Judged(process.name, way, seed, card.value, card.low, card.high, truth, few, round(took_s, 2))


def fitted(data: Data, options: Options) -> Network:
    """Fit and calibrate a network as a run does."""
    keras.backend.clear_session()
    seed_everything(options.run.seed)
    learner = reparameterize.fitted(data.features, data.task, options)
    parts = encoded(learner, data.task, data.train), encoded(learner, data.task, data.validation)
    fit(learner.trunk, data.task, *parts, options, lambda _epoch, _losses: None)
    network = reparameterize.fold(learner, data.features, data.task, options)
    reparameterize.calibrate(network, data.task, data.validation, options)
    return network


def _truth(process: Process, way: str, data: Data, network: Network) -> float:
    frame = process.fresh(FRESH_ROWS, way)
    outputs = predict_in_batches(network.predict, data.features.arrays(frame))
    task, outputs = about(data.task, outputs, process.positive)
    return task.evaluate(task.encode(frame[TARGET]), outputs)[process.metric]


def about(task: Task, outputs: Outputs, positive: str | None) -> tuple[Task, Outputs]:
    """Turn two labels, where the network was judged about the other one than is asked about."""
    answer = task.answer()
    if positive is None or answer["labels"][-1] == positive:
        return task, outputs
    turned = type(task).of_answer({**answer, "labels": answer["labels"][::-1]})
    return turned, {name: shares[:, ::-1] for name, shares in outputs.items()}


def judged(kind: str, seed: int) -> Iterator[Judged]:
    """Draw a table of a process, and judge it by both ways."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "table.csv"
        process = KINDS[kind](seed)
        process.table().to_csv(data, index=False)
        for way in (RIGHT, WRONG):
            yield judge(process, way, seed, data)
