"""`python -m app` with a gate before its runs: a model as slow as a test wants it, on any machine.

    python -m tests.support.gated GATE [options]     while the file GATE exists, runs wait

A test closes the gate when the service answers, and opens it when it has seen what it wanted to see: nothing is told by
the time that a run takes. The service itself knows nothing of it.
"""

import sys
import time
from pathlib import Path
from typing import Any

from tests.support import serving

LOOK_EVERY_S = 0.005


class GatedProcess(serving.Process):
    """The service behind a gate, which is open at first; runs are in a thread, or it could do nothing meanwhile."""

    def __init__(self, models: Path, folder: Path, *options: str) -> None:
        self._gate = folder / "gate"
        program = ["tests.support.gated", str(self._gate)]
        super().__init__(models, folder, "--run-on", "thread", *options, program=program)

    def __enter__(self) -> "GatedProcess":
        return self

    def hold(self) -> None:
        """Let each run wait that begins from now on."""
        self._gate.touch()

    def let_go(self) -> None:
        self._gate.unlink()


def main() -> None:
    from app.__main__ import main as serve
    from app.runtime.model import Model

    gate, run = Path(sys.argv[1]), Model.run

    def wait_and_run(self: Model, pieces: list[Any]) -> list[Any]:
        while gate.exists():
            time.sleep(LOOK_EVERY_S)
        return run(self, pieces)

    setattr(Model, "run", wait_and_run)  # noqa: B010  (mypy lets nobody assign to a method)
    serve(sys.argv[2:])


if __name__ == "__main__":
    main()
