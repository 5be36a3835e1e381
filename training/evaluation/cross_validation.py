"""Crossval: the same training on other divisions of the rows, and how far its metrics differ.

    training and validation rows ─ folds ─> [ describe ─ fit ─ fold ─ calibrate ─ judge on the rest ] x K

It shows what the intervals of one test split do not: that other rows would have trained another network.
Nothing of it ships, and the test rows have no part in it. Each fold's statistics come from its own training rows.
It knows nothing about graphs or how the folds are shown.
"""

from collections.abc import Callable

from training.data.prepare import Data, divided
from training.data.redivision import folds
from training.data.split import Split
from training.errors import DataError
from training.evaluation.findings import Folds
from training.network import reparameterize
from training.options import Options
from training.tasks.base import Metrics
from training.tasks.evaluate import evaluate
from training.trainer.fit import encoded, fit, seed_everything

FEWEST = 2

Show = Callable[[int, int], None]  # folds done, epochs of the next one


def check(data: Data, options: Options) -> None:
    """Refuse what cannot be folded, before anything is fitted, with a DataError that names the option."""
    if options.evaluation.folds == 1:
        raise DataError(f"`--folds`: expected {FEWEST} or more, or 0 for none. Received: 1.")
    if options.evaluation.folds and data.stream is not None:
        raise DataError("`--folds`: expected a file that is read whole. Received: one that is streamed (--no-stream).")
    if options.evaluation.folds:
        splits(data, options)


def crossvalidate(data: Data, options: Options, show: Show) -> Folds | None:
    """Fit and judge a network a fold; None if a person ended it before two were done."""
    scores: list[Metrics] = []
    y = data.task.encode(data.table.target)  # (rows,)
    for parts in splits(data, options):
        other = divided(data.table, data.task, y, parts, options)
        found = _judge(other, options, lambda epoch: show(len(scores), epoch))
        if found is None:
            break
        scores.append(found)
        show(len(scores), 0)
    return Folds(tuple(scores)) if len(scores) >= FEWEST else None


def splits(data: Data, options: Options) -> list[Split]:
    """Divide the rows that are not tested, as the way does; raise a DataError where they are too few."""
    return folds(data, options.evaluation.folds, options.run.seed)


def _judge(data: Data, options: Options, show: Callable[[int], None]) -> Metrics | None:
    seed_everything(options.run.seed, exactly=not options.fit.jit)
    learner = reparameterize.fitted(data.features, data.task, options)
    parts = encoded(learner, data.task, data.train), encoded(learner, data.task, data.validation)
    history = fit(learner.trunk, data.task, *parts, options, lambda epoch, _losses: show(epoch))
    if history.interrupted:
        return None
    network = reparameterize.fold(learner, data.features, data.task, options)
    adjustment = reparameterize.calibrate(network, data.task, data.validation, options)
    return evaluate(data.task.adjusted(adjustment), network.predict, data.test)
