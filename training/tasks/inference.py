"""Infer: the target's values -> which task they ask for.

    text, true/false or a few whole numbers -> classes; any other numbers -> regression

It knows nothing about features or networks.
"""

import numpy as np
import pandas as pd

from training.columns.values import FLOAT32_MAX, as_text, is_boolean, is_number, is_whole
from training.errors import DataError
from training.tasks.base import Task
from training.tasks.classification import Classification, sort_labels
from training.tasks.regression import Regression

FEW_INTEGERS = 10  # a target with at most so many different whole numbers is a class
MAX_CLASSES = 1000


def infer_task(target: pd.Series, wanted: str | None = None) -> Task:
    """Choose the task, or check the one that was asked for.

    Raises:
        DataError: when the target does not fit the task.
    """
    return _regression(target) if (wanted or _guess(target)) == "regression" else _classification(target, wanted)


def _guess(target: pd.Series) -> str:
    numbers = _numbers(target)
    if not is_number(target) and numbers is None:
        return "multiclass"
    few = target.nunique() <= FEW_INTEGERS and numbers is not None and is_whole(numbers)
    return "multiclass" if few else "regression"


def _numbers(target: pd.Series) -> pd.Series | None:
    """Return the target as numbers, or None when one of its values is none."""
    if is_boolean(target):
        return None
    try:
        return pd.to_numeric(target).astype("float64")
    except (ValueError, TypeError):
        return None


def _regression(target: pd.Series) -> Regression:
    numbers = _numbers(target)
    if numbers is None:
        odd = next(str(value) for value in target if pd.to_numeric(pd.Series([value]), errors="coerce").isna().all())
        raise DataError(f"`--target`: expected only numbers in {target.name!r} for regression. Received: {odd!r}.")
    if not (np.abs(numbers) <= FLOAT32_MAX).all():
        raise DataError(f"`--target`: expected finite 32-bit numbers in {target.name!r}. Received: {numbers.max()}.")
    return Regression()


def _classification(target: pd.Series, wanted: str | None) -> Classification:
    labels = sort_labels(as_text(target).unique().tolist())
    if wanted == "binary" and len(labels) != 2:
        raise DataError(f"`--task`: expected 2 labels in {target.name!r} for binary. Received: {len(labels)}.")
    if len(labels) > MAX_CLASSES:
        raise DataError(
            f"`--target`: expected at most {MAX_CLASSES} classes in {target.name!r}. Received: {len(labels)}. "
            "For numbers, say --task regression."
        )
    return Classification(labels)
