"""`train`: what `slipway train` does, from what a person holds in memory.

It knows no option by name: `options.py` lists them for type checkers alone, and is written from their declarations.
"""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from app.errors import SlipwayError
from slipway.notebook.loading import load
from slipway.verbs import VERBS

if TYPE_CHECKING:
    from typing import Unpack

    from slipway.notebook.bundle import Bundle
    from slipway.notebook.options import TrainOptions

    Path = str | PathLike[str]


def train(
    frame: Any,
    target: "str | Sequence[str]",
    name: str | None = None,
    *,
    models: "Path" = "models",
    quiet: bool = False,
    **options: "Unpack[TrainOptions]",
) -> "Bundle":
    """Train a model on a table, write the next version of its bundle below `models`, and return it.

    `frame` is a data frame of pandas, polars, Arrow or any library whose frames have `__arrow_c_stream__`, or the path
    of a file, as `slipway train` takes it. `options` are those of the command, `--batch-size` as `batch_size`; it is
    the same run. A model of a frame needs a `name`; that of a file is called as the file is.
    An interrupt keeps the best weights so far, a second one ends the run.

    Raises:
        SlipwayError: the data, an option or the training is not as it should be; the message says what would be.
        TypeError: there is no such option.
        ModuleNotFoundError: something must be installed first.
    """
    if (lacking := VERBS["train"].lacks("slipway.train")) is not None:
        raise ModuleNotFoundError(lacking)
    from training.cli import library  # noqa: PLC0415 - it takes seconds

    values = {"target": target, "name": name, "models": models, **options}
    try:
        folder = library.train(frame, values, quiet=quiet)
    except SlipwayError as error:  # its message says it all: where in the code it was found helps nobody
        raise error.with_traceback(None) from None
    return load(folder)
