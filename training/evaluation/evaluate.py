"""Judge: what was made -> how good it is on the test split, beside what, and how sure that is.

    every graph, Keras and every baseline ─> answers to the test rows ─> metrics, intervals, slices

The test split is touched here, once, after every choice.
It knows nothing about how findings are shown.
"""

from collections.abc import Callable, Mapping

from training.columns.arrays import Outputs, Predict, Rows, predict_in_batches
from training.evaluation.baselines import BOOSTING, Baseline
from training.evaluation.bootstrap import intervals
from training.evaluation.findings import Findings
from training.evaluation.slices import slices
from training.export.ort_session import Session
from training.parallel import each
from training.trained_model import Made

SHIPPED = "shipped"


def judge(made: Made, baselines: Mapping[str, Baseline]) -> Findings:
    """Judge everything that was made, and what was fitted beside it, on the test rows."""
    task, y = made.data.task, made.data.test.y
    answers = _answers(made, baselines)
    return Findings(
        scores=dict(zip(answers, each(lambda outputs: task.evaluate(y, outputs), answers.values()), strict=True)),
        outputs=answers[SHIPPED],
        importance_metric=task.budget_metrics[0],
        intervals=intervals(task, y, answers[SHIPPED], answers[BOOSTING], made.options.run.seed),
        slices=slices(
            task, made.data.features, made.data.train, made.data.test, answers[SHIPPED], made.options.run.seed
        ),
    )


def _answers(made: Made, baselines: Mapping[str, Baseline]) -> dict[str, Outputs]:
    """Let every model answer the test rows: model -> outputs."""
    test, choice = made.data.test, made.choice

    def of(predict: Predict) -> Callable[[Rows], Outputs]:
        return lambda rows: predict_in_batches(predict, rows.arrays)

    models: dict[str, Callable[[Rows], Outputs]] = {
        **baselines,
        "keras": of(made.network.predict),
        **{candidate.name: of(Session(candidate.graph).predict) for candidate in choice.candidates},
    }
    answers = dict(zip(models, each(lambda model: model(test), models.values()), strict=True))
    return {**answers, SHIPPED: answers[choice.chosen.name]}
