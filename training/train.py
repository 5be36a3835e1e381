"""Train: the stages in order, one line each.

    prepare ─> build ─> fit ─> export ─> compress ─> judge ─> write

`python -m training` parses the options and calls `train`, which returns the folder of the bundle.
It knows the order and what is said on the way; how each stage works is its module's to know.
"""

from pathlib import Path

from rich.console import Console

from training import baselines, bundle, calibrate, compress, console, fold, plots_calibration, report
from training.calibrate import Adjustment
from training.compress import Choice
from training.evaluate import evaluate, predict_in_batches
from training.export import check_parity, export
from training.fit import History, Part, fit, seed_everything
from training.golden import golden
from training.manifest import manifest
from training.network import Network
from training.options import Options
from training.prepare import Data, prepare
from training.profile import profile
from training.runtime import Session
from training.signing import Signer
from training.task import Metrics


def train(options: Options, out: Console, signer: Signer | None = None) -> Path:
    """Turn a data file into the next version of a bundle, signed if there is a `signer`, and return its folder."""
    name = bundle.check_name(options.name or default_name(options.data))
    seed_everything(options.seed)
    data = _prepare(options, out)
    calibrate.check(options, data.task)
    learner = fold.fitted(data.features, data.task, options)
    history = _fit(options, data, learner, out)
    learner = fold.fold(learner, data.features, data.task, options)
    adjustment = _adjust(options, data, learner, out)
    graph = _export(options, data, learner, out)
    choice = _compress(options, data, graph, out)
    scores = _judge(options, data, learner, choice, out)
    folder = _write(options, name, data, history, adjustment, choice, scores, out, signer)
    console.print_scores(out, data.task, {model: scores[model] for model in SHOWN})
    out.print(f"Wrote [bold]{folder}[/bold]. Serve it with:")
    out.print(f"  make serve MODELS={options.models}\n  python -m app --models {options.models}", highlight=False)
    return folder


RELIABILITY = "reliability.png"
SHOWN = ("baseline", "hist_gradient_boosting", "keras", "fp32", "shipped")


def default_name(data: Path) -> str:
    """Name a model after its file, without any ending."""
    return data.name.partition(".")[0]


def _prepare(options: Options, out: Console) -> Data:
    with console.stage(out, "Prepare") as say:
        data = prepare(options)
        table = data.table
        say(
            f"{table.rows_read:,} rows; {table.rows_without_target:,} without target, {table.rows_repeated:,} repeated;"
        )
        say(
            f"{len(data.train):,} train, {len(data.validation):,} validation, {len(data.test):,} test; {data.task.name}"
        )
    console.print_columns(out, data.table.columns)
    return data


def _fit(options: Options, data: Data, learner: Network, out: Console) -> History:
    train_part, validation_part = (
        Part(learner.encode(rows.arrays), data.task.scaled(rows.y)) for rows in (data.train, data.validation)
    )
    with console.epochs_bar(out, options.epochs) as show:
        history = fit(learner.trunk, data.task, train_part, validation_part, options, show)
    ended = "interrupted" if history.interrupted else "stopped"
    out.print(f"[bold]Train[/bold] {ended} after {len(history.loss)} epochs, kept epoch {history.best_epoch}")
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
        worst = check_parity(
            learner.predict, session.predict, data.validation.arrays, unit=data.task.unit, seed=options.seed
        )
        say(f"{len(graph):,} bytes; Keras and ONNX Runtime differ by at most {worst:.1g}")
    return graph


def _compress(options: Options, data: Data, graph: bytes, out: Console) -> Choice:
    with console.stage(out, "Compress"):
        candidates = compress.measure(compress.make(graph, data.train.arrays), data.task, data.validation)
        choice = compress.choose(candidates, options.budget_points, options.precision)
    console.print_candidates(out, choice)
    return choice


def _judge(options: Options, data: Data, learner: Network, choice: Choice, out: Console) -> dict[str, Metrics]:
    """Touch the test split: once, after every choice is made."""
    with console.stage(out, "Judge") as say:
        graphs: dict[str, Metrics] = {
            c.precision: evaluate(data.task, Session(c.graph).predict, data.test) for c in choice.candidates
        }
        trivial, baseline = baselines.trivial(data.task, data.test)
        say(f"baseline: {trivial}")
        return {
            "baseline": baseline,
            "hist_gradient_boosting": baselines.boosting(data.task, data.train, data.test, options.seed),
            "keras": evaluate(data.task, learner.predict, data.test),
            **graphs,
            "shipped": graphs[choice.chosen.precision],
        }


def _write(  # noqa: PLR0913, PLR0917 - what every stage has made
    options: Options,
    name: str,
    data: Data,
    history: History,
    adjustment: Adjustment,
    choice: Choice,
    scores: dict[str, Metrics],
    out: Console,
    signer: Signer | None,
) -> Path:
    with console.stage(out, "Write"):
        session, task, precision = Session(choice.chosen.graph), data.task, choice.chosen.precision
        outputs = predict_in_batches(session.predict, data.test.arrays)
        answers = predict_in_batches(session.predict, data.train.arrays)
        drawn = report.pictures(task, str(options.target), history, data.test, outputs)
        if task.labels is not None:
            raw, calm = calibrate.undone(outputs, adjustment)
            said = {"as fitted": raw, "as calibrated": calm} if adjustment.temperature != 1 else {"as fitted": raw}
            drawn[RELIABILITY] = plots_calibration.reliability(data.test.y, said, task.labels)
        examples = golden(data.test_frame, data.features, data.optional, task, session.predict, precision)
        files = {
            "model.onnx": choice.chosen.graph,
            "golden.json": bundle.to_json(examples),
            "profile.json": bundle.to_json(profile(data.features, task, data.train.arrays, answers), indent=1),
            "card.md": report.card(options, data, history, choice, scores, drawn, name).encode(),
            **drawn,
        }
        return bundle.write(
            options.models, name, manifest(options, data, history, precision, scores, adjustment), files, signer
        )
