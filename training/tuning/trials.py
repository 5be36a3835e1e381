"""Trials: what `--tune` has tried and which trial was the best; for people, a bar while it goes on and tables after it.

It knows nothing about how trials are drawn or run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from training.rendering.markdown import number, table
from training.rendering.notebook import bar_of, moves
from training.rendering.terminal import escape


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
        return next(iter(self.ended), None)

    @property
    def ended(self) -> list[Trial]:
        """The trials that came to their end, the best first."""
        ended = [trial for trial in self.trials if trial.validation_loss is not None]
        return sorted(ended, key=lambda trial: (trial.validation_loss, trial.number))

    @property
    def given_up(self) -> int:
        return len(self.trials) - len(self.ended)

    def facts(self) -> dict[str, int | float | None]:
        best = self.best
        loss = None if best is None else best.validation_loss
        return {"trials": len(self.trials), "given_up": self.given_up, "validation_loss": loss}


SHORT = 5  # trials in the card's table

Show = Callable[[int, str], None]  # trials done, what is said beside the bar


@contextmanager
def trials_bar(out: Console, trials: int) -> Iterator[Show]:
    """Show the trials done and the best so far: a bar on a terminal, a line a trial in a log."""
    if not moves(out):
        yield _line_a_trial(out, trials)
        return
    columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with bar_of(out, *columns, TextColumn("{task.fields[said]}")) as bar:
        task = bar.add_task("Tune (Ctrl-C keeps the best so far)", total=trials, said="")
        yield lambda done, said: bar.update(task, completed=done, said=said)


def _line_a_trial(out: Console, trials: int) -> Show:
    seen: int | None = None  # a search that is resumed begins with those done before

    def show(done: int, said: str) -> None:
        nonlocal seen
        if seen is not None and done > seen:
            out.print(f"trial {done} of {trials}: {said}", highlight=False)
        seen = done

    return show


def print_trials(out: Console, search: Search) -> None:
    """Show every trial, the best one in bold."""
    shown = Table("trial", "validation loss", search.metric, "epochs", "s", "options", title="Tune")
    for trial in search.trials:
        shown.add_row(*map(escape, _cells(trial)), style="bold" if trial is search.best else "")
    out.print(shown)


def card_section(search: Search | None) -> str:
    """Write the card's account of a search, with the best few trials; nothing if there was none."""
    if search is None:
        return ""
    said = (
        f"{len(search.trials)} sets of options were tried, of which {search.given_up} were given up early"
        f"{'; the search was ended by hand' if search.interrupted else ''}.\n"
        "They were compared by their loss on the validation rows, so the best one's is a little too good; "
        "the test rows had no part in it."
    )
    head = ["trial", "validation loss", f"validation {search.metric}", "epochs", "s", "options"]
    trials = table(head, [_cells(trial) for trial in search.ended[:SHORT]])
    return f"\n## How the options were found\n\n{said}\n\n{trials}\n"


def _cells(trial: Trial) -> list[str]:
    loss = "given up" if trial.validation_loss is None else f"{trial.validation_loss:.5f}"
    metric = "" if trial.metric is None else number(trial.metric)
    return [str(trial.number), loss, metric, str(trial.epochs), f"{trial.seconds:.0f}", trial.flags or "as given"]
