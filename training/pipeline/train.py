"""Train: the stages in order, over one state.

    prepare ─> [tune] ─> build ─> fit ─> calibrate ─> export ─> compress ─> explain
            ─> [select] ─> [cross-validate] ─> judge ─> write

`python -m training` parses the options and calls `train`, which returns the folder of the bundle.
It knows the order and what is said on the way; how each stage works is its module's to know.
"""

from pathlib import Path

from rich.console import Console

from training import console
from training.bundle import writer
from training.bundle.manifest import command
from training.bundle.signing import Signer
from training.data.identity import data_sha256
from training.data.prepare import Data, prepare, repeated, streamed_note, weighing
from training.evaluation import cross_validation, leakage, trust
from training.evaluation.splits import check
from training.options import Options
from training.pipeline.judging import cross_validate, judge, select, write
from training.pipeline.making import STAGES, fit_baselines
from training.pipeline.run import Run, begin
from training.rendering.terminal import escape
from training.tasks import registry


def train(options: Options, out: Console, signer: Signer | None = None, data: Data | None = None) -> Path:
    """Turn a data file, or what `prepare(options)` made of it, into the next version of a bundle; return its folder."""
    run = begin(options, out, signer)
    if (written := _written_before(run)) is not None:
        return written
    _prepare(run, data)
    _tune(run)
    for stage in STAGES:  # build, fit, calibrate, export, compress, explain
        stage(run)
    select(run)
    cross_validate(run)
    judge(run)
    write(run)
    _finish(run)
    return run.folder


def _written_before(run: Run) -> Path | None:
    """Return the bundle of this very run, if it was killed between writing it and removing its checkpoints."""
    if (state := run.context.resumed) is None or not state.facts["ended"]:
        return None
    facts = {"command": command(run.options), "data_sha256": data_sha256(run.options.data.path)}
    written = writer.written_since(run.options.run.models, run.name, state.saved_s, facts)
    if written is not None:
        run.context.finish()
        run.out.print(f"[bold]{written}[/bold] was written before this run was killed; nothing is left to do.")
    return written


def _prepare(run: Run, data: Data | None) -> None:
    """Read and divide the data, refuse what cannot be done with it, and begin with the baselines."""
    with console.reading_bar(run.out, "First pass") as seen:
        run.data = trust.warned(leakage.warned(data or prepare(run.options, seen)))
    with run.out.status("Compare ways to split …"):
        run.data = check.warned(run.data, run.options)
    _describe(run)
    registry.check(run.task, run.options)
    cross_validation.check(run.data, run.options)
    fit_baselines(run)


def _describe(run: Run) -> None:
    data, table = run.data, run.data.table
    run.out.print(
        f"[bold]Prepare[/bold] {table.rows_read:,} rows; {table.rows_without_target:,} without target, "
        f"{repeated(data)}; {data.rows.train:,} train, {data.rows.validation:,} validation, "
        f"{data.rows.test:,} test; {data.task.name}",
        highlight=False,
    )
    run.out.print(escape(table.said), highlight=False)
    if run.options.data.weights is not None:
        run.out.print(weighing(data, run.options), highlight=False)
    if data.stream is not None:
        run.out.print(streamed_note(data), highlight=False)
    console.print_columns(run.out, table.columns)
    console.print_warnings(run.out, data.warnings)


def _tune(run: Run) -> None:
    if run.options.tune.trials:
        from training.tuning.search import tune  # noqa: PLC0415 - Optuna takes half a second, and few runs search

        run.options, run.data, run.search = tune(run.options, run.data, run.out)


def _finish(run: Run) -> None:
    """Leave nothing to go on from, and say how it ended and what comes next."""
    run.context.finish()
    run.context.track(run.folder, run.findings.scores)
    console.print_findings(run.out, run.task, run.findings)
    models = run.options.run.models
    run.out.print(f"Wrote [bold]{run.folder}[/bold]. Serve it with:")
    run.out.print(f"  make serve MODELS={models}\n  python -m app --models {models}", highlight=False)
