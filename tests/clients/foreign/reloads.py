"""New versions of the model that are put into its folder while clients ask, and old ones that are taken away.

    with reloading(models) as loaded:   a version each second; `loaded` holds the numbers of those that were put there

A version stays until two newer ones stand beside it, so none is taken away while it is being loaded.
"""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.clients.foreign import plan

EVERY_S = 1.0
KEPT = 2


@contextlib.contextmanager
def reloading(models: Path, every_s: float = EVERY_S) -> Iterator[list[int]]:
    """Put versions into `models`, from number 2 on, until the block ends."""
    loaded: list[int] = []
    over = threading.Event()
    thread = threading.Thread(target=_put, args=(models, every_s, loaded, over))
    thread.start()
    try:
        yield loaded
    finally:
        over.set()
        thread.join()


def _put(models: Path, every_s: float, loaded: list[int], over: threading.Event) -> None:
    version = 1
    while not over.wait(every_s):
        version += 1
        with tempfile.TemporaryDirectory(dir=models.parent) as made:
            plan.write(Path(made), version).rename(models / plan.MODEL / str(version))
        loaded.append(version)
        shutil.rmtree(models / plan.MODEL / str(version - KEPT), ignore_errors=True)
