"""Run: the state of one training run. Each stage is handed it, reads what the stages before have found, and adds.

It knows nothing about how a stage works.
"""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from training.bundle import writer
from training.bundle.signing import Signer
from training.evaluation.baselines import Baseline
from training.evaluation.findings import Findings, Folds, Importance, Selection
from training.network.network import Network
from training.options import Options
from training.parallel import Background
from training.tasks.base import Task
from training.trained_model import TrainedModel
from training.trainer import mixed_precision
from training.trainer.run_context import RunContext, join_run


@dataclass(kw_only=True)
class Run(TrainedModel):
    """What is known so far; the comment names the stage that finds it."""

    out: Console  # where a person reads what is done
    signer: Signer | None  # signs the bundle; None: nobody does
    context: RunContext

    baselines: Background[dict[str, Baseline]] = field(init=False)  # prepare; fitted beside the network
    learner: Network = field(init=False)  # build: as it is fitted
    graph: bytes = field(init=False)  # export
    importances: tuple[Importance, ...] = ()  # explain
    selection: Selection | None = None  # select
    folds: Folds | None = None  # cross_validate
    findings: Findings = field(init=False)  # judge
    folder: Path = field(init=False)  # write

    @property
    def task(self) -> Task:
        return self.data.task


def begin(options: Options, out: Console, signer: Signer | None) -> Run:
    """Name the model, choose a precision, and meet the other workers, if there are any.

    Raises a DataError when an option does not fit or the checkpoints are another run's, and Helped when the fit has
    ended before and this is not the chief.
    """
    name = writer.check_name(options.run.name or default_name(options.data.path))
    options, said = mixed_precision.decided(options)
    with out.status("Wait for the other workers …"):
        context = join_run(options, name)
    if said:
        out.print(f"[bold]Precision[/bold] {said}", highlight=False)
    return Run(options=options, out=out, signer=signer, name=name, context=context)


def default_name(data: Path) -> str:
    """Name a model after its file, without any ending."""
    return data.name.partition(".")[0]
