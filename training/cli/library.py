"""Train, as Python calls it: a frame or a path, and keyword arguments ─> the folder of a bundle.

    frame ─> a file that lasts as long as the run ─┐
    path ──────────────────────────────────────────┴─> options ─> the run of the command

What the run changes in the process it puts back. It knows nothing about the stages, or what becomes of the bundle.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.sources import frames
from training.cli.environment import ENVIRONMENT, borrowed
from training.cli.keywords import options_of
from training.cli.train import bundle
from training.console import print_warnings
from training.errors import DataError
from training.rendering.notebook import console_here

FRAME = Path("frame.arrow")
BACKEND = ENVIRONMENT["KERAS_BACKEND"]


def train(data: object, values: Mapping[str, Any], *, quiet: bool) -> Path:
    """Train, and return the folder; raises a SlipwayError, or a TypeError for an option that there is not."""
    out = console_here(quiet=quiet)
    _check_keras()
    with borrowed():
        if isinstance(data, str | os.PathLike):
            return bundle(options_of(Path(data), values), out)
        options = options_of(FRAME, values)
        if options.run.name is None:
            raise DataError("`--name`: expected a name for the model, for a frame has none. Received: nothing.")
        with _written(frames.read(data)) as (path, remarks):
            print_warnings(out, remarks)
            return bundle(options.changed(data=path), out)


def _check_keras() -> None:
    """Refuse a Keras that was imported for another library: it cannot change in a process, and ours must export."""
    keras = sys.modules.get("keras")
    if keras is not None and (found := keras.config.backend()) != BACKEND:
        raise DataError(
            f"`keras`: expected {BACKEND} behind it. Received: {found}, with which this program has imported it. "
            f"Start it anew, with KERAS_BACKEND={BACKEND} or without this variable."
        )


@contextmanager
def _written(frame: frames.Frame) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Write a frame to a file that can be read several times; it goes with the block."""
    with tempfile.TemporaryDirectory(prefix="slipway-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / FRAME
        frame.write(path)
        yield path, frame.remarks
