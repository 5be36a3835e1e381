"""Shrink: a fitted network -> one with fewer hidden units that answers alike.

    pruned-50, -75   the units with the least weights leave; a short fit brings the others back ─┐
    student          an eighth of the units, from the beginning ────────────────────────────────┴─> Network

Both learn what the first network answers to the training rows, not the target: its temperature and threshold are in
its answers. Whole units leave because dense products with single weights at zero are neither smaller nor faster.
It knows nothing about ONNX or how the networks are judged.

Soft answers: Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network".
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.columns.arrays import Rows, predict_in_batches
from training.compression.measure import Say
from training.data.prepare import Data
from training.network.architectures import unit_groups, widened
from training.network.network import Network, build
from training.network.reparameterize import adopt
from training.options import Options
from training.tasks.base import Task
from training.trainer.fit import Part, fit

PRUNED = (0.5, 0.75)  # shares of the units that leave
PRUNED_EPOCHS = 4  # more gained nothing that the validation rows could tell
STUDENT_SHARE = 0.125  # of the units that a student has
STUDENT_EPOCHS = 20
PATIENCE = 3


def networks(teacher: Network, data: Data, options: Options, say: Say) -> Iterator[tuple[str, Network]]:
    """Make every smaller network, one after the other; a Ctrl-C ends the fit that runs, and there are no more."""
    pupil = data.task.pupil()
    if pupil is None or not teacher.has_hidden:
        return
    hidden = widened(options.network.family, options.network.hidden, options.network.members)
    lessons = Lessons(teacher, data, pupil, options, say)
    for share in PRUNED:
        name, network = f"pruned-{100 * share:.0f}", pruned(teacher, data, options, hidden, share)
        interrupted = lessons.teach(network, PRUNED_EPOCHS, name)
        yield name, network
        if interrupted:
            return
    student = build(data.features, data.task, options, hidden=_fewer(hidden, 1 - STUDENT_SHARE))
    adopt(student, teacher)
    lessons.teach(student, STUDENT_EPOCHS, "student")
    yield "student", student


class Lessons:
    """What a teacher, as it is served, answers to the training and validation rows, and networks that learn it."""

    def __init__(self, teacher: Network, data: Data, pupil: Task, options: Options, say: Say) -> None:
        self._task = pupil
        self._train, self._validation = (_answered(teacher, rows, pupil) for rows in (data.train, data.validation))
        self._options = options.changed(patience=PATIENCE, members=1)
        self._say = say

    def teach(self, network: Network, epochs: int, name: str) -> bool:
        """Fit a network, and say whether it was interrupted."""
        options = self._options.changed(epochs=epochs)

        def show(done: int, _: dict[str, float]) -> None:
            self._say(f"{name}: epoch {done} of at most {epochs}")

        return fit(network.trunk, self._task, self._train, self._validation, options, show).interrupted


def pruned(teacher: Network, data: Data, options: Options, hidden: tuple[int, ...], share: float) -> Network:
    """Build the network that keeps the units with the largest weights; `share` of each layer's `hidden` leave."""
    fewer = _fewer(hidden, share)
    weights = {layer.name: layer.get_weights() for layer in teacher.trunk.layers if layer.get_weights()}
    for units, (makers, readers) in zip(fewer, unit_groups(options.network.family, len(hidden)), strict=True):
        kept = _largest(weights, makers, readers, units)
        for name in makers:
            kernel, bias = weights[name]
            weights[name] = [kernel[:, kept], bias[kept]]
        for name in readers:
            kernel, bias = weights[name]
            weights[name] = [kernel[kept], bias]
    network = build(data.features, data.task, options, hidden=fewer)
    for layer in network.trunk.layers:
        if layer.name in weights:
            layer.set_weights(weights[layer.name])
    adopt(network, teacher)
    return network


def _fewer(hidden: tuple[int, ...], share: float) -> tuple[int, ...]:
    return tuple(max(1, round(units * (1 - share))) for units in hidden)


def _largest(
    weights: dict[str, list[NDArray[Any]]], makers: tuple[str, ...], readers: tuple[str, ...], units: int
) -> NDArray[np.int64]:
    """Return the places of the units whose weights in, times their weights out, are largest: (units,)."""
    into = sum(np.square(weights[name][0]).sum(axis=0) for name in makers)  # (all units,)
    out = sum(np.square(weights[name][0]).sum(axis=1) for name in readers)  # (all units,)
    return np.sort(np.argsort(-into * out, kind="stable")[:units])


def _answered(teacher: Network, rows: Rows, task: Task) -> Part:
    lesson = task.lesson(predict_in_batches(teacher.predict, rows.arrays))
    return Part(teacher.encode(rows.arrays), lesson, rows.relative_weights)
