"""Report of training: how a model was fitted, and what repeats the run, for the card and the page."""

from collections.abc import Mapping
from typing import Any

from training.options import Options
from training.rendering.markdown import code_block, table
from training.trainer.fit import History

COMPILED = "With XLA (`--jit`) the same command need not give the same numbers; they are near."
REPEATABLE = (
    "The same command on the same file, machine and versions gives the same numbers; other processors add in another "
    "order."
)


def fitted(options: Options, history: History) -> str:
    """Say by what and for how long it was fitted."""
    by, network = options.fit.optimizer, options.network
    ended = "stopped by hand" if history.interrupted else "ended"
    return (
        f"{by}, learning rate {history.learning_rate:g}, {history.batch_rows} rows a batch, "
        f"hidden layers {', '.join(map(str, network.hidden))}, dropout {network.dropout:g}, seed {options.run.seed}.\n"
        f"It {ended} after {len(history.loss)} epochs; the weights of epoch {history.best_epoch} were kept."
        f"{_sooner(options)}"
    )


def repeat(facts: Mapping[str, Any]) -> list[str]:
    """Say what repeats the run, and how to know that the data is the same."""
    training = facts["training"]
    return [
        code_block(training["command"]),
        f"Seed {training['seed']}; the data file has the SHA-256 `{training['data_sha256']}`.\n"
        + (COMPILED if training["jit"] else REPEATABLE),
        table(["library", "version"], facts["libraries"].items()),
    ]


def _sooner(options: Options) -> str:
    half = options.fit.mixed_precision
    jit = "\nIt was compiled with XLA, so the seed need not repeat it to the last digit." if options.fit.jit else ""
    shorter = f"\nHidden layers computed in {half} while it was fitted; what ships computes in float32."
    return jit + (shorter if half != "off" else "")
