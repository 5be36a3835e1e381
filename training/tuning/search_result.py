"""Search: what `--tune` has tried, and which trial was the best.

It knows nothing about how trials are drawn, run or shown.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """One set of options that was tried."""

    number: int  # from 1
    validation_loss: float | None  # None: it was given up before its end
    metric: float | None  # the task's main one, on the validation rows
    epochs: int
    seconds: float
    flags: str  # as on the command line, where they differ from the options given


@dataclass(frozen=True)
class Search:
    """All trials, and which one's options are used."""

    trials: tuple[Trial, ...]
    metric: str  # the name of the task's main one
    interrupted: bool

    @property
    def best(self) -> Trial | None:
        """The trial with the least validation loss; None if none came to its end."""
        ended = [trial for trial in self.trials if trial.validation_loss is not None]
        return min(ended, key=lambda trial: (trial.validation_loss, trial.number), default=None)

    @property
    def given_up(self) -> int:
        return sum(trial.validation_loss is None for trial in self.trials)

    def facts(self) -> dict[str, int | float | None]:
        """What the manifest says of the search."""
        best = self.best
        loss = None if best is None else best.validation_loss
        return {"trials": len(self.trials), "given_up": self.given_up, "validation_loss": loss}
