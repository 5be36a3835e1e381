"""Space: what `--tune` searches, each knob with its unit, its values and the reason for them.

An option that was given, that is, differs from its default, stays as it is: only the others are searched.
Not searched: the schedule and the smoothing of labels, whose losses cannot be compared epoch by epoch with the others;
the optimizer, whose learning rates would be a search of their own; and what no validation loss can judge.
It knows nothing about how trials are run.
"""

from collections.abc import Callable
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from training.options import Options, by_name
from training.options.declare import units
from training.trainer.fit import batch_rows
from training.trainer.optimizer import scaled_rate

RATE_SPAN = 4.0  # the best learning rates of five tables lay within so many times the optimizer's own, both ways
DIGITS = 3  # of a learning rate: a command that a person can read, and still the same run


def space(options: Options, rows: int) -> dict[str, BaseDistribution]:
    """Return the knobs that are open, by their names on the command line, for so many training rows."""
    rate, batch = _rate(options, rows), batch_rows(rows)
    knobs: dict[str, tuple[Any, ...]] = {
        "network": ("wide-and-deep", "plain", "residual"),  # each was the best on some table
        "hidden": ("64,32", "128,64", "256,128", "256,64", "128,64,32"),  # units; wider learned by heart
        "members": (1, 4, 8, 16),  # heads; more are served for more weights of the last layer alone
        "dropout": (0.0, 0.05, 0.1, 0.2, 0.3),  # share of units; small tables want more
        "bins": (16, 32, 48, 96),  # pieces a number; what bends more often wants more
        "sums": (0, 4, 8, 16),  # sums of a number's pieces; folded away, so served for nothing
        "embedding": (4, 8, 16),  # numbers a categorical value
        "averaging": (0.0, 0.98, 0.99, 0.995),  # share of the old mean a step; an epoch has about 100 steps
        "batch_size": (batch // 2, batch, 2 * batch),  # rows a step, around the one by the rows
    }
    found: dict[str, BaseDistribution] = {name: CategoricalDistribution(values) for name, values in knobs.items()}
    found["learning_rate"] = FloatDistribution(rate / RATE_SPAN, rate * RATE_SPAN, log=True)  # around the optimizer's
    chosen, known = options.values(), by_name()
    return {name: knob for name, knob in found.items() if chosen[name] == known[name].default}


def begin(options: Options, rows: int) -> dict[str, Any]:
    """Return the options as given as the parameters of a trial, with what is left to the rows or the optimizer."""
    given = {
        **options.values(),
        "hidden": ",".join(map(str, options.network.hidden)),
        "batch_size": batch_rows(rows),
        "learning_rate": _rate(options, rows),
    }
    return {name: given[name] for name in space(options, rows)}


def changed(options: Options, drawn: dict[str, Any]) -> Options:
    """Return the options with drawn values in them."""
    read: dict[str, Callable[[Any], Any]] = {"hidden": units, "learning_rate": lambda rate: float(f"{rate:.{DIGITS}g}")}
    return options.changed(**{name: read[name](value) if name in read else value for name, value in drawn.items()})


def _rate(options: Options, rows: int) -> float:
    """Return the learning rate that a fit takes where none is given."""
    return scaled_rate(options.fit.optimizer, options.fit.batch_size or batch_rows(rows))
