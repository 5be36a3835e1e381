"""Judge: what was made -> how good it is on the test split, beside what, and how sure that is.

    every graph, Keras and every baseline ─> answers to the test rows ─> metrics, intervals, slices

The test split is touched here, once, after every choice.
It knows nothing about how findings are shown.
"""

from typing import Any

from numpy.typing import NDArray

from training import baselines
from training.evaluate import predict_in_batches
from training.findings import Findings
from training.intervals import intervals
from training.made import Made
from training.runtime import Session
from training.slices import slices

TRIVIAL, LINEAR, BOOSTING, SHIPPED = "baseline", "linear", "hist_gradient_boosting", "shipped"
BASELINES = (TRIVIAL, LINEAR, BOOSTING)


def judge(made: Made) -> Findings:
    """Judge everything that was made on the test rows."""
    task, y = made.data.task, made.data.test.y
    answers = _answers(made)
    return Findings(
        scores={model: task.evaluate(y, outputs) for model, outputs in answers.items()},
        outputs=answers[SHIPPED],
        importance_metric=task.budget_metrics[0],
        intervals=intervals(task, y, answers[SHIPPED], answers[BOOSTING], made.options.seed),
        slices=slices(task, made.data.features, made.data.train, made.data.test, answers[SHIPPED], made.options.seed),
    )


def _answers(made: Made) -> dict[str, NDArray[Any]]:
    """Let every model answer the test rows: model -> (rows, outputs)."""
    data, choice = made.data, made.choice
    graphs: dict[str, NDArray[Any]] = {
        candidate.name: predict_in_batches(Session(candidate.graph).predict, data.test.arrays)
        for candidate in choice.candidates
    }
    return {
        TRIVIAL: baselines.trivial(data.task, data.test),
        LINEAR: baselines.linear(data.task, data.train, data.test),
        BOOSTING: baselines.boosting(data.task, data.train, data.test, made.options.seed),
        "keras": predict_in_batches(made.network.predict, data.test.arrays),
        **graphs,
        SHIPPED: graphs[choice.chosen.name],
    }
