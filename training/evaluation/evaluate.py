"""Judge: a trained model -> how good it is on the test split, beside the baselines, and how sure that is.

The test split is touched here, once, after every choice.
It knows nothing about how findings are shown.
"""

from collections.abc import Callable, Mapping

from training.columns.arrays import Outputs, Predict, Rows, predict_in_batches
from training.evaluation import trust
from training.evaluation.baselines import TRIVIAL, Baseline
from training.evaluation.bootstrap import intervals
from training.evaluation.findings import Findings, ShownMistake
from training.evaluation.slices import slices
from training.export.ort_session import Session
from training.parallel import each
from training.tasks.base import Metrics
from training.trained_model import TrainedModel

SHIPPED = "shipped"


def judge(model: TrainedModel, baselines: Mapping[str, Baseline]) -> Findings:
    """Judge every graph, Keras and the baselines on the test rows."""
    task, test = model.data.task, model.data.test
    answers = _answers(model, baselines)

    def scored(outputs: Outputs) -> Metrics:
        return task.evaluate(test.y, outputs, test.weights)

    opponent = next((one.name for one in reversed(task.fitted_of(baselines))), TRIVIAL)
    scores = dict(zip(answers, each(scored, answers.values()), strict=True))
    found = intervals(task, test, answers[SHIPPED], answers[opponent], opponent, model.options.run.seed)
    return Findings(
        scores=scores,
        outputs=answers[SHIPPED],
        importance_metric=task.main_metric,
        errors=task.errors,
        account=task.account(test, answers[SHIPPED]),
        opponents={name: one.said for name, one in baselines.items() if one.said},
        intervals=found,
        unproven=trust.unproven(task.main_metric, found.shipped[task.main_metric], scores[TRIVIAL][task.main_metric]),
        slices=slices(task, model.data.features, model.data.train, test, answers[SHIPPED], model.options.run.seed),
        mistakes=surest_mistakes(model),
    )


def _answers(model: TrainedModel, baselines: Mapping[str, Baseline]) -> dict[str, Outputs]:
    test, choice = model.data.test, model.choice

    def of(predict: Predict) -> Callable[[Rows], Outputs]:
        return lambda rows: predict_in_batches(predict, rows.arrays)

    models: dict[str, Callable[[Rows], Outputs]] = {
        **baselines,
        "keras": of(model.network.predict),
        **{candidate.name: of(Session(candidate.graph).predict) for candidate in choice.candidates},
    }
    answers = dict(zip(models, each(lambda model: model(test), models.values()), strict=True))
    return {**answers, SHIPPED: answers[choice.chosen.name]}


def surest_mistakes(model: TrainedModel) -> tuple[ShownMistake, ...]:
    """Return the wrong answers to validation rows that the graph is surest of; none where no feature can be shown.

    Many of them are wrong labels: Northcutt, Jiang, Chuang 2021, "Confident learning: estimating uncertainty in dataset
    labels".
    """
    data, most = model.data, model.options.evaluation.mistakes
    if not most or not _shown(model, 0):
        return ()
    outputs = predict_in_batches(Session(model.choice.chosen.graph).predict, data.validation.arrays)
    found = data.task.mistakes(data.validation.y, outputs, most)
    return tuple(ShownMistake(mistake, _shown(model, mistake.row)) for mistake in found)


def _shown(model: TrainedModel, row: int) -> dict[str, str]:
    """Return what can be shown of a validation row: feature -> its value."""
    features, table = model.data.features, model.data.table.features
    cells = table.iloc[model.data.parts.validation[row]]
    found = {name: features.type_of(name).shown(cells[name]) for name in features.order}
    return {name: value for name, value in found.items() if value is not None}
