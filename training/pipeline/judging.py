"""Judging: the stages that follow when there is a model.

    [select] ─> [cross-validate] ─> judge ─> write

The test split is touched in `judge`, once, after every choice. It knows nothing about how the model was trained.
"""

import copy
from dataclasses import replace

from training import console
from training.bundle import writer
from training.bundle.golden import golden
from training.bundle.manifest import manifest
from training.bundle.profile import profile
from training.columns.arrays import predict_in_batches
from training.data.prepare import Data
from training.evaluation import cross_validation, evaluate, feature_selection
from training.export.ort_session import Session
from training.pipeline.making import MODEL, explain, fit_baselines
from training.pipeline.run import Run
from training.reporting import card
from training.trained_model import TrainedModel


def select(run: Run) -> None:
    """If asked, try without the features that are not needed, and go on with the better model."""
    if not run.options.evaluation.select or run.history.interrupted:
        return
    smaller = copy.copy(run)

    def again(data: Data) -> TrainedModel:
        smaller.data, smaller.context = data, run.context.second()
        for stage in MODEL:
            stage(smaller)
        return smaller

    selection = feature_selection.select(run, run.importances, again)
    console.print_selection(run.out, selection)
    if selection.kept:
        explain(smaller)
        fit_baselines(smaller)
        vars(run).update(vars(smaller), context=run.context)
    run.selection = selection


def cross_validate(run: Run) -> None:
    """If asked, see what other divisions of the rows would have given."""
    folds, epochs = run.options.evaluation.folds, run.options.fit.epochs
    if not folds or run.history.interrupted:
        return
    with console.bar(run.out, "Fold", folds) as done:
        run.folds = cross_validation.crossvalidate(
            run.data, run.options, lambda folded, epoch: done(folded + epoch / epochs)
        )


def judge(run: Run) -> None:
    """Touch the test split: once, after every choice is made."""
    with console.stage(run.out, "Judge"):
        found = evaluate.judge(run, run.baselines.result())
    run.findings = replace(found, importances=run.importances, selection=run.selection, folds=run.folds)


def write(run: Run) -> None:
    """Write the next version, whole or not at all."""
    with console.stage(run.out, "Write"):
        data, findings = run.data, run.findings
        predict = Session(run.choice.chosen.graph).predict
        drawn = card.plots(run, findings)
        facts = manifest(run, findings)
        precision = run.choice.chosen.precision
        examples = golden(data.test_frame, data.features, data.optional, run.task, predict, precision)
        answers = predict_in_batches(predict, data.train.arrays)
        files = {
            "model.onnx": run.choice.chosen.graph,
            "golden.json": writer.to_json(examples),
            "profile.json": writer.to_json(profile(data.features, run.task, data.train.arrays, answers), indent=1),
            "card.md": card.card(run, findings, drawn).encode(),
            card.HTML: card.page(run, findings, facts, drawn).encode(),
            **data.features.files(),
            **{name: picture.png for name, picture in drawn.items()},
        }
        run.folder = writer.write(run.options.run.models, run.name, facts, files, run.signer)
