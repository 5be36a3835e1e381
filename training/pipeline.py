"""Train: the stages in order, one line each.

    prepare ─> build ─> fit ─> export ─> compress ─> explain ─> judge ─> write

`python -m training` parses the options and calls `train`, which returns the folder of the bundle.
It knows the order and what is said on the way; how each stage works is its module's to know.
"""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from app.bundle.reader import sha256
from training import console
from training.bundle import writer as bundle
from training.bundle.golden import golden
from training.bundle.manifest import command, manifest
from training.bundle.profile import profile
from training.bundle.signing import Signer
from training.calibration import temperature as calibrate
from training.calibration.temperature import Adjustment
from training.columns.arrays import predict_in_batches
from training.compression import candidates
from training.compression.selection import Choice, choose
from training.data.prepare import Data, prepare, streamed_note
from training.evaluation import baselines, leakage
from training.evaluation import cross_validation as crossval
from training.evaluation.baselines import Baseline
from training.evaluation.evaluate import judge
from training.evaluation.feature_selection import select
from training.evaluation.findings import Findings, Folds, Importance, Selection
from training.evaluation.permutation_importance import importances as importances_of
from training.export.onnx import check_parity, export, parity_rows
from training.export.ort_session import Session
from training.network import reparameterize as fold
from training.network.network import Network
from training.options import Options
from training.parallel import Begun
from training.progress import reading_bar
from training.reporting import card as report
from training.trained_model import Made
from training.trainer import mixed_precision as halves
from training.trainer.distributed import scope
from training.trainer.fit import History, encoded, fit, seed_everything
from training.trainer.run_context import Setting, setting_of
from training.trainer.training_rows import training_rows
from training.tuning.trials import Search

Importances = tuple[Importance, ...]
Baselines = Begun[dict[str, Baseline]]


def train(options: Options, out: Console, signer: Signer | None = None, data: Data | None = None) -> Path:
    """Turn a data file into the next version of a bundle and return its folder.

    Args:
        options: what a person chose.
        out: where to say what is done.
        signer: signs the bundle; None: nobody does.
        data: what `prepare(options)` returned; None: it is called here.
    """
    name = bundle.check_name(options.run.name or default_name(options.data.path))
    options, said = halves.decided(options)
    with out.status("Wait for the other workers …"):  # if there are any
        setting = setting_of(options, name)
    if (written := _written_before(options, name, setting)) is not None:
        setting.finish()
        out.print(f"[bold]{written}[/bold] was written before this run was killed; nothing is left to do.")
        return written
    if said:
        out.print(f"[bold]Precision[/bold] {said}", highlight=False)
    data = _prepare(options, out, data)
    calibrate.check(options, data.task)
    crossval.check(data, options)
    beside = _baselines(data, options)
    made = _make(*_tune(options, data, out), name, setting, beside, out)
    importances = _explain(made, out)
    made, importances, selection = _select(made, importances, setting, beside, out)
    folds = _crossvalidate(made, out)
    if selection is not None and selection.kept:
        beside = _baselines(made.data, options)
    findings = replace(_judge(made, beside, out), importances=importances, selection=selection, folds=folds)
    folder = _write(made, findings, out, signer)
    setting.finish()
    setting.track(folder, findings.scores)
    console.print_findings(out, data.task, findings)
    out.print(f"Wrote [bold]{folder}[/bold]. Serve it with:")
    out.print(
        f"  make serve MODELS={options.run.models}\n  python -m app --models {options.run.models}", highlight=False
    )
    return folder


def _written_before(options: Options, name: str, setting: Setting) -> Path | None:
    """Return the bundle of this very run, if it was killed between writing it and removing its checkpoints."""
    if (state := setting.resumed) is None or not state.facts["ended"]:
        return None
    said = {"command": command(options), "data_sha256": sha256(options.data.path)}
    return bundle.written_since(options.run.models, name, state.saved_s, said)


def default_name(data: Path) -> str:
    """Name a model after its file, without any ending."""
    return data.name.partition(".")[0]


def _prepare(options: Options, out: Console, data: Data | None) -> Data:
    with reading_bar(out, "First pass") as seen:
        data = leakage.warned(data or prepare(options, seen))
    table = data.table
    out.print(
        f"[bold]Prepare[/bold] {table.rows_read:,} rows; {table.rows_without_target:,} without target, "
        f"{table.rows_repeated:,} repeated; {data.rows.train:,} train, {data.rows.validation:,} validation, "
        f"{data.rows.test:,} test; {data.task.name}",
        highlight=False,
    )
    if data.stream is not None:
        out.print(streamed_note(data), highlight=False)
    console.print_columns(out, data.table.columns)
    console.print_warnings(out, data.warnings)
    return data


def _baselines(data: Data, options: Options) -> Baselines:
    """Fit the baselines beside the network, which leaves a core idle for much of its fit."""
    return Begun(partial(baselines.fitted, data.task, data.features, data.train, options.run.seed))


def _tune(options: Options, data: Data, out: Console) -> tuple[Options, Data, Search | None]:
    if not options.tune.trials:
        return options, data, None
    from training.tuning.search import tune  # noqa: PLC0415 - Optuna takes half a second, and few runs search

    return tune(options, data, out)


def _make(
    options: Options,
    data: Data,
    search: Search | None,
    name: str,
    setting: Setting,
    beside: Baselines,
    out: Console,
) -> Made:
    """Go from the data to the graph that ships, from the same seed each time."""
    seed_everything(options.run.seed, exactly=not options.fit.jit)
    with scope():
        learner = fold.fitted(data.features, data.task, options)
    history = _fit(options, data, learner, setting, out)
    setting.workers.go_on()
    network = fold.fold(learner, data.features, data.task, options)
    adjustment = _adjust(options, data, network, out)
    graph = _export(options, data, network, out)
    with out.status("Wait for the baselines …"):
        beside.wait()  # the times of the graphs are measured while nothing else is done
    choice = _compress(options, data, network, graph, out)
    return Made(
        options=options,
        name=name,
        data=data,
        network=network,
        history=history,
        adjustment=adjustment,
        choice=choice,
        search=search,
    )


def _fit(options: Options, data: Data, learner: Network, setting: Setting, out: Console) -> History:
    if (state := setting.resumed) is not None:
        out.print(f"[bold]Resume[/bold] after epoch {state.epochs}, from {options.run.checkpoints}")
    started = time.perf_counter()
    validation_part = encoded(learner, data.task, data.validation)
    with (
        reading_bar(out, "Second pass") as seen,
        training_rows(data, learner, options, seen) as train_part,
        console.epochs_bar(out, options.fit.epochs) as show,
    ):
        history = fit(learner.trunk, data.task, train_part, validation_part, options, show, setting)
    took_s = time.perf_counter() - started
    ended = "interrupted" if history.interrupted else "stopped"
    out.print(
        f"[bold]Train[/bold] {ended} after {len(history.loss)} epochs, kept epoch {history.best_epoch} "
        f"[dim]{took_s:.1f} s[/dim]"
    )
    return history


def _adjust(options: Options, data: Data, learner: Network, out: Console) -> Adjustment:
    found = calibrate.adjust(learner, data.task, data.validation, options)
    if found.temperature != 1:
        out.print(f"[bold]Calibrate[/bold] temperature {found.temperature:.3f}")
    if found.threshold is not None:
        out.print(
            f"[bold]Threshold[/bold] {found.threshold:.3f}: {found.threshold_for} {found.metric_after:.4f} on "
            f"validation, {found.metric_before:.4f} at one half"
        )
    return found


def _export(options: Options, data: Data, learner: Network, out: Console) -> bytes:
    with console.stage(out, "Export") as say:
        graph = export(learner)
        session = Session(graph)
        rows = parity_rows(data.features, data.validation.arrays, options.run.seed)
        worst = check_parity(learner.predict, session.predict, rows, unit=data.task.unit)
        say(f"{len(graph):,} bytes; Keras and ONNX Runtime differ by at most {worst:.1g}")
    return graph


def _compress(options: Options, data: Data, network: Network, graph: bytes, out: Console) -> Choice:
    with console.steps(out, "Compress", candidates.STEPS[options.compress.search]) as say:
        found = candidates.find(options, data, network, graph, say)
    choice = choose(found, options.compress.budget, options.compress.precision, options.compress.search)
    console.print_candidates(out, choice)
    return choice


def _explain(made: Made, out: Console) -> Importances:
    """Find what the graph goes by; the validation rows say it."""
    data, predict = made.data, Session(made.choice.chosen.graph).predict
    with console.bar(out, "Explain", len(data.features.order)) as done:
        found = importances_of(
            data.task, data.features, predict, data.validation, seed=made.options.run.seed, done=done
        )
    console.print_importances(out, data.task.budget_metrics[0], found)
    return found


def _select(
    made: Made, found: Importances, setting: Setting, beside: Baselines, out: Console
) -> tuple[Made, Importances, Selection | None]:
    """If asked, try without the features that are not needed."""
    if not made.options.evaluation.select or made.history.interrupted:
        return made, found, None
    again = setting.second()
    chosen, selection = select(
        made, found, lambda data: _make(made.options, data, made.search, made.name, again, beside, out)
    )
    console.print_selection(out, selection)
    return chosen, _explain(chosen, out) if selection.kept else found, selection


def _crossvalidate(made: Made, out: Console) -> Folds | None:
    """If asked, see what other divisions of the rows would have given."""
    options = made.options
    if not options.evaluation.folds or made.history.interrupted:
        return None
    with console.bar(out, "Fold", options.evaluation.folds) as done:
        return crossval.crossvalidate(made.data, options, lambda folds, epoch: done(folds + epoch / options.fit.epochs))


def _judge(made: Made, beside: Baselines, out: Console) -> Findings:
    """Touch the test split: once, after every choice is made."""
    with console.stage(out, "Judge"):
        return judge(made, beside.result())


def _write(made: Made, findings: Findings, out: Console, signer: Signer | None) -> Path:
    with console.stage(out, "Write"):
        data, task, chosen = made.data, made.data.task, made.choice.chosen
        session = Session(chosen.graph)
        answers = predict_in_batches(session.predict, data.train.arrays)
        drawn = report.pictures(made, findings)
        facts = manifest(made, findings)
        examples = golden(data.test_frame, data.features, data.optional, task, session.predict, chosen.precision)
        files = {
            "model.onnx": chosen.graph,
            "golden.json": bundle.to_json(examples),
            "profile.json": bundle.to_json(profile(data.features, task, data.train.arrays, answers), indent=1),
            "card.md": report.card(made, findings, drawn).encode(),
            report.HTML: report.page(made, findings, facts).encode(),
            **drawn,
        }
        return bundle.write(made.options.run.models, made.name, facts, files, signer)
