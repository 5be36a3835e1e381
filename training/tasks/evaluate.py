"""Evaluate: any `predict` and rows -> metrics. Keras, all graphs and the baselines are judged by this code alone."""

from training.columns.arrays import Predict, Rows, predict_in_batches
from training.tasks.base import Metrics, Task


def evaluate(task: Task, predict: Predict, rows: Rows) -> Metrics:
    """Judge a model on rows."""
    return task.evaluate(rows.y, predict_in_batches(predict, rows.arrays), rows.weights)


def validate(task: Task, predict: Predict, validation: Rows) -> Metrics:
    """Judge a model on the validation rows, with what the task decides by them decided of its own answers.

    Thresholds that were chosen of another model's answers fit what is chance in these rows for that model alone.
    """
    answers = predict_in_batches(predict, validation.arrays)
    return task.settled(lambda: answers, validation).evaluate(validation.y, answers, validation.weights)


def worst_loss_points(task: Task, before: Metrics, after: Metrics) -> float:
    """Return how many points (hundredths) the worst of the task's budget metrics lost; negative is a gain."""
    return max(100 * (before[name] - after[name]) for name in task.budget_metrics)
