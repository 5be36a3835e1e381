"""Space: what `--tune` searches, each knob with its unit, its values and the reason for them.

    options as given ─ begin ─> the first trial           trial ─ suggest ─> options to try

An option that was given, that is, differs from its default, stays as it is: only the others are searched.
Not searched: the schedule and the smoothing of labels, whose losses cannot be compared epoch by epoch with the others;
the optimizer, whose learning rates would be a search of their own; and what no validation loss can judge.
It knows nothing about how trials are run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from training.options import Options, by_name
from training.trainer.fit import batch_rows
from training.trainer.optimizer import scaled_rate

RATE_SPAN = 4.0  # the best learning rates of five tables lay within so many times the optimizer's own, both ways
DIGITS = 3  # of a learning rate: a command that a person can read, and still the same run


class Trial(Protocol):
    """What is asked of Optuna's trial."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    option: str  # its name on the command line
    values: tuple[Any, ...]
    why: str

    def draw(self, trial: Trial) -> Any:
        return trial.suggest_categorical(self.option, self.values)


@dataclass(frozen=True)
class Rate:
    """A learning rate, evenly likely in its logarithm."""

    option: str
    low: float
    high: float
    why: str

    def draw(self, trial: Trial) -> float:
        return trial.suggest_float(self.option, self.low, self.high, log=True)


def space(options: Options, rows: int) -> tuple[Choice | Rate, ...]:
    """Return the knobs that are open, for so many training rows."""
    rate = _rate(options, rows)
    batch = batch_rows(rows)
    knobs = (
        Choice("network", ("wide-and-deep", "plain", "residual"), "each was the best on some table"),
        Choice("hidden", ("64,32", "128,64", "256,128", "256,64", "128,64,32"), "units; wider learned by heart"),
        Choice("members", (1, 4, 8, 16), "heads; more are served for more weights of the last layer alone"),
        Choice("dropout", (0.0, 0.05, 0.1, 0.2, 0.3), "share of units; small tables want more"),
        Choice("bins", (16, 32, 48, 96), "pieces a number; what bends more often wants more"),
        Choice("sums", (0, 4, 8, 16), "sums of a number's pieces; folded away, so served for nothing"),
        Choice("embedding", (4, 8, 16), "numbers a categorical value"),
        Choice("averaging", (0.0, 0.98, 0.99, 0.995), "share of the old mean a step; an epoch has about 100 steps"),
        Choice("batch_size", (batch // 2, batch, 2 * batch), "rows a step, around the one by the rows"),
        Rate("learning_rate", rate / RATE_SPAN, rate * RATE_SPAN, "around the optimizer's own"),
    )
    chosen, known = options.values(), by_name()
    return tuple(knob for knob in knobs if chosen[knob.option] == known[knob.option].default)


def begin(options: Options, rows: int) -> dict[str, Any]:
    """Return the options as given as the parameters of a trial, with what is left to the rows or the optimizer."""
    given = {
        **options.values(),
        "hidden": ",".join(map(str, options.network.hidden)),
        "batch_size": batch_rows(rows),
        "learning_rate": _rate(options, rows),
    }
    return {knob.option: given[knob.option] for knob in space(options, rows)}


def suggest(trial: Trial, options: Options, rows: int) -> Options:
    """Draw a value for every open knob."""
    return changed(options, {knob.option: knob.draw(trial) for knob in space(options, rows)})


def changed(options: Options, drawn: dict[str, Any]) -> Options:
    """Return the options with drawn values in them."""
    read: dict[str, Callable[[Any], Any]] = {"hidden": _units, "learning_rate": _short}
    return options.changed(**{name: read.get(name, _same)(value) for name, value in drawn.items()})


def _rate(options: Options, rows: int) -> float:
    """Return the learning rate that a fit takes where none is given."""
    return scaled_rate(options.fit.optimizer, options.fit.batch_size or batch_rows(rows))


def _units(words: str) -> tuple[int, ...]:
    return tuple(int(word) for word in words.split(","))


def _short(rate: float) -> float:
    return float(f"{rate:.{DIGITS}g}")


def _same(value: Any) -> Any:
    return value
