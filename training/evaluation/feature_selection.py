"""Selection: features that are not needed -> a model without them, if it is not worse on the validation rows.

The test rows have no part in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from training.columns.arrays import Rows
from training.data.prepare import Data, Table
from training.evaluation.findings import Importance, Selection
from training.export.ort_session import Session
from training.features.features import Features
from training.tasks.evaluate import evaluate
from training.trained_model import TrainedModel

NOT_NEEDED = "dropped: permuting it cost nothing on the validation rows (--select)"


def select(model: TrainedModel, found: Sequence[Importance], again: Callable[[Data], TrainedModel]) -> Selection:
    """Fit `again` without the features that are not needed, and say whether that model is to go on."""
    metric = model.data.task.main_metric
    before = _on_validation(model)
    dropped = unneeded(found)
    if not dropped:
        return Selection(metric, (), before, None, kept=False)
    after = _on_validation(again(without(model.data, dropped)))
    return Selection(metric, dropped, before, after, kept=after >= before)


def unneeded(found: Sequence[Importance]) -> tuple[str, ...]:
    """Name the features whose importance is not told from zero; none, if that were all of them."""
    names = tuple(importance.feature for importance in found if not importance.is_needed)
    return names if len(names) < len(found) else ()


def without(data: Data, dropped: Sequence[str]) -> Data:
    """Leave features out of prepared data; the split, the rows and the other features' statistics stay."""

    def rows(of: Rows) -> Rows:
        return replace(of, arrays=data.features.arrays_without(dropped, of.arrays))

    kept = data.features.without(dropped)
    parts: dict[str, Any] = {part: rows(getattr(data, part)) for part in ("train", "validation", "test")}
    optional = {name: data.optional[name] for name in kept.order}
    return replace(data, table=_table_without(data.table, kept), features=kept, optional=optional, **parts)


def _table_without(table: Table, kept: Features) -> Table:
    columns = tuple(
        replace(column, fate=NOT_NEEDED) if column.fate == "feature" and column.name not in kept.order else column
        for column in table.columns
    )
    types = {name: table.types[name] for name in kept.order}
    return replace(table, features=table.features[list(types)], types=types, columns=columns)


def _on_validation(model: TrainedModel) -> float:
    task = model.data.task
    found = evaluate(task, Session(model.choice.chosen.graph).predict, model.data.validation)
    return found[task.main_metric]
