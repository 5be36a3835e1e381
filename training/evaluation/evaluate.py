"""Judge: a trained model -> how good it is on the test split, beside the baselines, and how sure that is.

The test split is touched here, once, after every choice.
It knows nothing about how findings are shown.
"""

from collections.abc import Callable, Mapping

from training.columns.arrays import Outputs, Predict, Rows, predict_in_batches
from training.evaluation.baselines import TRIVIAL, Baseline
from training.evaluation.bootstrap import intervals
from training.evaluation.findings import Findings
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
    return Findings(
        scores=dict(zip(answers, each(scored, answers.values()), strict=True)),
        outputs=answers[SHIPPED],
        importance_metric=task.main_metric,
        errors=task.errors,
        account=task.account(test, answers[SHIPPED]),
        opponents={name: one.said for name, one in baselines.items() if one.said},
        intervals=intervals(task, test, answers[SHIPPED], answers[opponent], opponent, model.options.run.seed),
        slices=slices(task, model.data.features, model.data.train, test, answers[SHIPPED], model.options.run.seed),
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
