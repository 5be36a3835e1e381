"""Making: the stages from prepared data to the graph that ships, and what it goes by.

    build ─> fit ─> calibrate ─> export ─> compress ─> explain

They may be run again on other data, from the same seed each time. It knows nothing about the test split.
"""

import time
from dataclasses import replace
from functools import partial

from training import console
from training.columns.arrays import predict_in_batches
from training.compression import candidates
from training.compression.selection import choose
from training.evaluation import baselines
from training.evaluation.permutation_importance import importances
from training.export import onnx
from training.export.ort_session import Session
from training.network import reparameterize
from training.parallel import Background
from training.pipeline.run import Run
from training.trainer import fit as fitting
from training.trainer.distributed import scope
from training.trainer.training_rows import training_rows


def fit_baselines(run: Run) -> None:
    """Fit the baselines beside the network, which leaves a core idle for much of its fit."""
    data, seed = run.data, run.options.run.seed
    run.baselines = Background(partial(baselines.fitted, data.task, data.features, data.train, seed, data.validation))


def build(run: Run) -> None:
    """Wire the network that is fitted, with new weights."""
    fitting.seed_everything(run.options.run.seed, exactly=not run.options.fit.jit)
    with scope():
        run.learner = reparameterize.fitted(run.data.features, run.task, run.options)


def fit(run: Run) -> None:
    """Find the weights with the best validation loss; other workers end here."""
    if (state := run.context.resumed) is not None:
        run.out.print(f"[bold]Resume[/bold] after epoch {state.epochs}, from {run.options.run.checkpoints}")
    started = time.perf_counter()
    validation = fitting.encoded(run.learner, run.task, run.data.validation)
    with (
        console.reading_bar(run.out, "Second pass") as seen,
        training_rows(run.data, run.learner, run.options, seen) as train,
        console.epochs_bar(run.out, run.options.fit.epochs) as show,
    ):
        run.history = fitting.fit(run.learner.trunk, run.task, train, validation, run.options, show, run.context)
    console.print_fit(run.out, run.history, time.perf_counter() - started)
    run.context.workers.go_on()


def calibrate(run: Run) -> None:
    """Fold what helped to learn, and what the task changes by the validation rows, into the weights."""
    run.network = reparameterize.fold(run.learner, run.data.features, run.task, run.options)
    run.adjustment = reparameterize.calibrate(run.network, run.task, run.data.validation, run.options)
    run.data = replace(run.data, task=run.task.adjusted(run.adjustment))
    for title, sentence in run.adjustment.said():
        run.out.print(f"[bold]{title}[/bold] {sentence}")


def export(run: Run) -> None:
    """Make the graph, and see that it answers as Keras does."""
    with console.stage(run.out, "Export") as say:
        run.graph = onnx.export(run.network)
        rows = onnx.parity_rows(run.data.features, run.data.validation.arrays, run.options.run.seed)
        worst = onnx.check_parity(run.network.predict, Session(run.graph).predict, rows, run.task.outputs)
        say(f"{len(run.graph):,} bytes; Keras and ONNX Runtime differ by at most {worst:.1g}")


def compress(run: Run) -> None:
    """Make and measure smaller graphs, and choose the one that ships."""
    with run.out.status("Wait for the baselines …"):
        run.baselines.wait()  # the times of the graphs are measured while nothing else is done
    chosen = run.options.compress
    with console.steps(run.out, "Compress", candidates.STEPS[chosen.search]) as say:
        found = candidates.find(run.options, run.data, run.network, run.graph, say)
    run.choice = choose(found, chosen.budget, chosen.precision, chosen.search)
    ships, validation = Session(run.choice.chosen.graph).predict, run.data.validation
    task = run.data.task.settled(lambda: predict_in_batches(ships, validation.arrays), validation)
    run.data = replace(run.data, task=task)
    console.print_candidates(run.out, run.choice)


def explain(run: Run) -> None:
    """Find which features the graph goes by; the validation rows say it."""
    data, predict = run.data, Session(run.choice.chosen.graph).predict
    with console.bar(run.out, "Explain", len(data.features.order)) as done:
        run.importances = importances(
            run.task, data.features, predict, data.validation, seed=run.options.run.seed, done=done
        )
    console.print_importances(run.out, run.task.main_metric, run.importances)


MODEL = (build, fit, calibrate, export, compress)
STAGES = (*MODEL, explain)
