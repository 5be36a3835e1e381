"""Classification: two or more labels; the answer is a probability for each.

    target ─ labels in order ─> number of the label ─ cross-entropy of the logits ─ softmax ─> probabilities

Binary metrics are about the second label: the rarer one, or the one that a person names. With more labels they are
means over the labels, each against the rest.
It knows nothing about features, files or ONNX.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.calibration.adjustment import Adjustment
from training.calibration.reliability import in_bins
from training.calibration.temperature import Calibrated, calibrated
from training.columns.arrays import Outputs, Rows
from training.columns.values import as_text, is_number, is_whole
from training.errors import DataError
from training.options import Options
from training.rendering.markdown import code
from training.rendering.picture import Picture
from training.tasks.base import Metrics, RowWeights, Task
from training.tasks.label import weighted
from training.tasks.label.metrics import claims, metrics_of
from training.tasks.options import LabelOptions
from training.tasks.parts import RAREST, LeakRule, Mistake, Output, Strata, boosting, linear, tfidf_models
from training.tasks.weighted import Judged, Weights, ratio

OUTPUT = "probabilities"
FEW_INTEGERS = 10  # a target with at most so many different whole numbers is a class
MAX_CLASSES = 1000
SHOWN_LABELS = 5  # in a message
MOST_LABELS = 10  # in a sentence of the card
LINEAR_STEPS = 300  # of the solver, which needs 13 to 77 on the tables of benchmarks/training/quality.py
SUSPECT_AUC = 0.99
RARE_SHARE = 0.1  # of the second of two labels: below, ROC AUC is high for models that find hardly any of it
ABOUT_BOTH = ("balanced_accuracy", "precision", "roc_auc", "pr_auc")  # of two labels, metrics that go by both
ABOUT_ONE = (*ABOUT_BOTH, "recall", "f1")  # those that go by the second of two, or by each of several alike
OPPONENTS = (
    linear("sklearn.linear_model:LogisticRegression", "logistic regression", max_iter=LINEAR_STEPS),
    boosting("sklearn.ensemble:HistGradientBoostingClassifier"),
    *tfidf_models("training.tasks.opponents:svm_of_one", "training.tasks.opponents:logistic_of_one"),
)


@dataclass(frozen=True)
class Classification(Task):
    """One of `labels`, by probabilities."""

    labels: tuple[str, ...]
    shares: tuple[float, ...] = ()  # of the labels in the training rows
    reason: str = ""  # why the metrics are about the second of two labels

    takes_text = True
    opponents = OPPONENTS

    @property
    def name(self) -> str:
        return "binary" if self.is_binary else "multiclass"

    @property
    def is_binary(self) -> bool:
        return len(self.labels) == 2

    @classmethod
    def certainty(cls, target: pd.Series) -> float:
        if not is_number(target):
            return 0.5
        return 0.9 if target.nunique() <= FEW_INTEGERS and is_whole(target) else 0.0

    @classmethod
    def of(cls, target: pd.Series, wanted: str | None = None) -> "Classification":
        labels = sort_labels(as_text(target).unique().tolist())
        if wanted == "binary" and len(labels) != 2:
            raise DataError(f"`--task`: expected 2 labels in {target.name!r} for binary. Received: {len(labels)}.")
        if len(labels) > MAX_CLASSES:
            raise DataError(
                f"`--target`: expected at most {MAX_CLASSES} classes in {target.name!r}. Received: {len(labels)}. "
                "For numbers, say --task regression."
            )
        return cls(labels)

    @classmethod
    def of_answer(cls, answer: Mapping[str, Any]) -> "Classification":
        return cls(tuple(answer["labels"]))

    def encode(self, target: pd.Series) -> NDArray[np.int64]:
        numbers = pd.Categorical(as_text(target), categories=list(self.labels)).codes
        return numbers.astype(np.int64)  # (rows,)

    def refusal(self, truth: Any) -> str | None:
        return None if truth in self.labels else f"one of {', '.join(self.labels[:SHOWN_LABELS])}"

    def fit_to(self, y: NDArray[Any], weights: RowWeights = None) -> "Classification":
        counts = np.bincount(y, weights, minlength=self.width)
        return replace(self, shares=tuple((counts / counts.sum()).tolist()))

    def about(self, values: pd.Series, rows: Sequence[int], options: Options) -> "Classification":
        if not self.is_binary:
            return self
        wanted = options.own(LabelOptions).positive
        if wanted is not None and wanted not in self.labels:
            expected = " or ".join(map(repr, self.labels))
            raise DataError(f"`--positive`: expected one of the two labels, {expected}. Received: {wanted!r}.")
        first, second = np.bincount(self.encode(values), rows, minlength=2)
        is_first = first < second if wanted is None else wanted == self.labels[0]
        rarer = "as often as the other" if first == second else "the rarer label"
        labels = self.labels[::-1] if is_first else self.labels
        return replace(self, labels=labels, reason=rarer if wanted is None else "as asked (--positive)")

    def strata(self, y: NDArray[Any]) -> Strata:
        return Strata(self.labels, y)

    def check(self, options: Options) -> None:
        chosen = options.own(LabelOptions)
        for flag, value in (("--threshold-for", chosen.threshold_for), ("--positive", chosen.positive)):
            if value is not None and not self.is_binary:
                shown = ", ".join(self.labels[:SHOWN_LABELS])
                raise DataError(f"`{flag}`: expected a target with two labels. Received: {self.width}, {shown} ….")

    @property
    def outputs(self) -> tuple[Output, ...]:
        return (Output(OUTPUT, (self.width,)),)

    @property
    def width(self) -> int:
        return len(self.labels)

    @property
    def said(self) -> Sequence[str]:
        return self.labels

    @property
    def begin(self) -> Sequence[float]:
        if not self.shares:
            return super().begin
        found: list[float] = np.log(np.maximum(self.shares, RAREST)).tolist()
        return found

    def loss(self, options: Options) -> Any:
        import keras  # noqa: PLC0415 - it takes seconds, and mistakes in the data should not wait

        if smoothing := options.own(LabelOptions).label_smoothing:
            from training.tasks.losses import Smoothed  # noqa: PLC0415 - so does this

            return Smoothed(smoothing)
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def class_weights(self, counts: Callable[[], NDArray[Any]], options: Options) -> NDArray[np.float32] | None:
        return even_weights(counts()) if options.own(LabelOptions).class_weights else None

    def finish(self, said: Any) -> Any:
        import keras  # noqa: PLC0415

        return keras.layers.Softmax(name=OUTPUT)(said)

    def pupil(self) -> "Taught":
        return Taught(self.labels)

    def lesson(self, outputs: Outputs) -> NDArray[Any]:
        return outputs[OUTPUT]

    def adjustment(self, answers: Callable[[], Outputs], rows: Rows, options: Options) -> Adjustment:
        chosen = options.own(LabelOptions)
        wanted, said = chosen.threshold_for, answers()[OUTPUT]
        return calibrated(said, rows.y, rows.weights, temperature=chosen.calibrate, threshold_for=wanted)

    @property
    def budget_metrics(self) -> tuple[str, ...]:
        return ("roc_auc", "accuracy") if self.is_binary else ("accuracy",)

    @property
    def main_metric(self) -> str:
        is_rare = self.is_binary and bool(self.shares) and self.shares[1] < RARE_SHARE
        return "pr_auc" if is_rare else self.budget_metrics[0]

    @property
    def errors(self) -> tuple[str, ...]:
        return ("log_loss",)

    @property
    def slice_metric(self) -> str:
        return self.budget_metrics[0]  # the area of precision differs with the share of the label, as slices do

    def evaluate(self, y: NDArray[Any], outputs: Outputs, weights: RowWeights = None) -> Metrics:
        probabilities = outputs[OUTPUT].astype(np.float64)
        if weights is None:
            return metrics_of(y, probabilities)
        return {name: float(value) for name, (value,) in weighted.metrics(y, probabilities, weights[None]).items()}

    def weighted(self, y: NDArray[Any], outputs: Outputs, weights: Weights, only: str | None = None) -> Judged:
        return weighted.metrics(y, outputs[OUTPUT].astype(np.float64), weights, only)

    def scarce(self, y: NDArray[Any], fewer_than: int) -> Mapping[str, str]:
        counts = np.bincount(y, minlength=self.width)
        rare = [label for label in np.argsort(counts, kind="stable").tolist() if counts[label] < fewer_than]
        if not rare:
            return {}
        named = [
            f"{counts[label]} row{'' if counts[label] == 1 else 's'} of {code(self.labels[label])}" for label in rare
        ]
        more = f" and {len(rare) - SHOWN_LABELS} labels more" if len(rare) > SHOWN_LABELS else ""
        about = ABOUT_ONE if not self.is_binary or 1 in rare else ABOUT_BOTH
        return dict.fromkeys(about, ", ".join(named[:SHOWN_LABELS]) + more)

    def account(self, rows: Rows, outputs: Outputs) -> Mapping[str, Any]:
        said = np.clip(outputs[OUTPUT].astype(np.float64), 0, 1)
        of = self.labels[1] if self.is_binary else "the most probable label"
        return {"reliability": in_bins(*claims(rows.y, said), rows.weights).facts(f"the probability of {of}")}

    @property
    def weighing_cost(self) -> int:
        return 1 if self.is_binary else self.width

    def trivial(self, rows: int) -> Outputs:
        return {OUTPUT: np.tile(np.array(self.shares, np.float32), (rows, 1))}  # (rows, labels)

    def answered_by(self, model: Any, inputs: Any) -> Outputs:
        answers = np.zeros((inputs.shape[0], self.width))  # zeros for labels that the training rows lack
        answers[:, model.classes_] = model.predict_proba(inputs)
        return {OUTPUT: answers}

    def leak_rule(self) -> LeakRule:
        from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - few need it, and it is slow to load

        return LeakRule("roc_auc", SUSPECT_AUC, DecisionTreeClassifier, lambda y: np.eye(self.width)[y], OUTPUT)

    def mistakes(self, y: NDArray[Any], outputs: Outputs, most: int) -> Sequence[Mistake]:
        found = outputs[OUTPUT]
        given, sure = found.argmax(axis=1), found.max(axis=1)  # (rows,)
        wrong = np.flatnonzero(given != y)
        return [
            Mistake(row, self.labels[y[row]], self.labels[given[row]], float(sure[row]))
            for row in wrong[np.argsort(-sure[wrong], kind="stable")][:most].tolist()
        ]

    def answer(self) -> Mapping[str, Any]:
        return {"type": "label", "labels": self.labels}

    def bins(self, outputs: Outputs) -> dict[str, Any]:
        counts = np.bincount(outputs[OUTPUT].argmax(axis=1), minlength=self.width)
        shares = (counts / counts.sum()).tolist()
        rest = {"other": 0.0, "missing": 0.0, "unseen": 0.0}
        return {"kind": "category", "values": list(self.labels), "shares": shares, **rest}

    @property
    def asked(self) -> str:
        return f"one of {len(self.labels)} labels"

    def about_baselines(self) -> str:
        positive = ", ".join(filter(None, [code(self.labels[-1]), self.reason]))
        about = positive if self.is_binary else "each label against the rest, and their mean"
        return (
            "`baseline` answers the majority label of the training rows. "
            f"Precision, recall, F1, ROC AUC and PR AUC are about {about}."
        )

    def about_target(self, y: NDArray[Any]) -> str:
        shares = np.bincount(y, minlength=self.width) / len(y)
        common = sorted(zip(self.labels, shares, strict=True), key=lambda pair: -pair[1])[:MOST_LABELS]
        more = f" and {self.width - MOST_LABELS} rarer labels" if self.width > MOST_LABELS else ""
        return f"Its target is {', '.join(f'{code(label)} ({share:.1%})' for label, share in common)}{more}."

    def about_slices(self) -> str:
        if self.is_binary:
            return "Within a slice, what tells the slices apart no longer helps to rank: some loss there is no fault."
        return "Where labels are more evenly mixed, more of them are missed."

    def plots(self, rows: Rows, outputs: Outputs, adjustment: Adjustment, target: str) -> dict[str, Picture]:
        from training.tasks.label import plots  # noqa: PLC0415 - Matplotlib takes a second

        assert isinstance(adjustment, Calibrated)
        return plots.plots(rows.y, outputs[OUTPUT], adjustment, self.labels, rows.weights)


@dataclass(frozen=True)
class Taught(Classification):
    """A classification whose target is a teacher's answer, (rows, labels) probabilities."""

    def loss(self, options: Options) -> Any:
        import keras  # noqa: PLC0415

        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def class_weights(self, counts: Callable[[], NDArray[Any]], options: Options) -> None:
        return None


def sort_labels(values: Sequence[str]) -> tuple[str, ...]:
    """Order labels as people count: numbers by size, words by letter."""
    try:
        return tuple(sorted(set(values), key=float))
    except ValueError:
        return tuple(sorted(set(values)))


def even_weights(counts: NDArray[Any]) -> NDArray[np.float32]:
    """Weigh each class by the inverse of its share, so that all classes count the same: (classes,)."""
    return ratio(np.full(len(counts), counts.sum()), len(counts) * counts, 1.0).astype(np.float32)
