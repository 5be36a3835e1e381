"""What surrounds a fit: other workers, the checkpoints it goes on from, and what records each epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.errors import DataError
from training.options import Options
from training.tasks.base import Metrics
from training.trainer.checkpoints import Checkpoints, State, run_of
from training.trainer.distributed import ALONE, Workers, join
from training.trainer.mlflow import Tracker
from training.trainer.resume import Keeper
from training.trainer.tensorboard import TensorBoard

SECOND = "selected"  # folder of the checkpoints of the fit without the features that are not needed


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Left empty, a fit leaves nothing behind but its weights."""

    workers: Workers = ALONE
    checkpoints: Checkpoints | None = None
    board: TensorBoard | None = None
    tracker: Tracker | None = None

    @property
    def loggers(self) -> list[Any]:
        return [logger for logger in (self.board, self.tracker) if logger is not None]

    @property
    def resumed(self) -> State | None:
        """Return the state that the fit will go on from; raise a DataError when it is another run's."""
        return None if self.checkpoints is None else self.checkpoints.newest()

    def keepers(self, callbacks: Sequence[Any]) -> list[Keeper]:
        """Return the callback that must stand last, if there are checkpoints; `callbacks` are those before it."""
        if self.checkpoints is None:
            return []
        return [Keeper(self.checkpoints, callbacks, self.resumed, saves=self.workers.chief)]

    def second(self) -> "RunContext":
        """Return what surrounds another fit of the same run, by the chief alone."""
        if self.checkpoints is None:
            return RunContext()
        return RunContext(checkpoints=replace(self.checkpoints, folder=self.checkpoints.folder / SECOND))

    def track(self, folder: Path, scores: Mapping[str, Metrics]) -> None:
        if self.tracker is not None:
            self.tracker.finish(folder, scores)

    def finish(self) -> None:
        """Leave nothing to go on from: the bundle is written."""
        if self.checkpoints is not None:
            replace(self.checkpoints, folder=self.checkpoints.folder / SECOND).remove()
            self.checkpoints.remove()


def join_run(options: Options, name: str) -> RunContext:
    """Meet the other workers, if there are any, and find what to go on from.

    Raises a DataError when the workers do not agree or the checkpoints are another run's, and Helped when the fit has
    ended before and this is not the chief.
    """
    run = run_of(options)
    checkpoints = None if options.run.checkpoints is None else Checkpoints(options.run.checkpoints, run)
    state = None if checkpoints is None else checkpoints.newest()
    workers = join(ended=state is not None and state.facts["ended"])
    if workers.count > 1 and options.tune.trials:
        raise DataError(
            "`--tune`: expected one process. Received: several workers. Search first, then train what it found."
        )
    workers.agree({**run, "epochs": 0 if state is None else state.epochs})
    if not workers.chief:
        return RunContext(workers=workers, checkpoints=checkpoints)
    board = TensorBoard(options.run.tensorboard) if options.run.tensorboard else None
    said = {name: value for name, value in options.values().items() if name != "mlflow"}
    tracker = Tracker(options.run.mlflow, name, said) if options.run.mlflow else None
    return RunContext(workers=workers, checkpoints=checkpoints, board=board, tracker=tracker)
