"""What a person may choose about a task; the registry names it.

It is read before the data is, so nothing here imports pandas or TensorFlow.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from training.options.declare import option

ThresholdMetric = Literal["f1", "accuracy", "balanced_accuracy"]


@dataclass(frozen=True, kw_only=True)
class LabelsOptions:
    """How several labels stand in a row."""

    title: ClassVar[str] = "Several labels a row"
    separator: str = option("|", "What stands between the labels of a cell, with --task multilabel.", unit="text")


@dataclass(frozen=True, kw_only=True)
class LabelOptions:
    """How labels are learned and answered."""

    title: ClassVar[str] = "Labels"
    positive: str | None = option(
        None, "Which of two labels the metrics are about.", unit="label", unset="the rarer one"
    )
    label_smoothing: float = option(
        0.0, "Share of a row's weight that all labels get alike.", unit="share", low=0, high=0.5
    )
    class_weights: bool = option(False, "Let every class count the same, however rare.")
    calibrate: bool = option(  # folded into the head, so it is served for nothing
        True, "Fit a temperature on the validation rows, so that probabilities come true."
    )
    threshold_for: ThresholdMetric | None = option(
        None, "Choose the labels' threshold for this metric; two labels only.", unset="one half"
    )
