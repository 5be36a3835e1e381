"""Multilabel: none, one or several of some labels; the answer is a probability for each, and those above a threshold.

    target ─ labels in order ─> which of them, (rows, labels) ─ binary cross-entropy of the logits ─ sigmoid
           ─> probabilities ─ a threshold a label, chosen on the validation rows ─> labels

It knows nothing about features, files or ONNX.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.answers.labels import SEPARATOR, chosen
from app.sources.tally import LISTS, NUMBERS, TRUTHS, WORDS, Tally
from training.calibration.adjustment import Adjustment
from training.calibration.reliability import in_bins
from training.columns.arrays import Outputs, Rows
from training.errors import DataError
from training.options import Options
from training.rendering.markdown import code
from training.tasks.base import Metrics, RowWeights, Task
from training.tasks.label.classification import sort_labels
from training.tasks.labels import cells, weighted
from training.tasks.labels.account import scarce, suggestion, table_of_labels
from training.tasks.labels.decisions import HALF, Decided, decided, thresholds
from training.tasks.labels.strata import strata
from training.tasks.options import LabelOptions, LabelsOptions
from training.tasks.parts import RAREST, LeakRule, Mistake, Output, Strata, boosting, linear, tfidf_models
from training.tasks.truths import TargetColumn
from training.tasks.weighted import Judged, Weights

OUTPUT = "probabilities"
GIVEN = "given"  # (rows, labels) truths: of answers by other thresholds than the task's
MOST_LABELS = 1000
SHOWN_LABELS = 5  # in a message
NAMED_LABELS = 10  # in a sentence of the card
SUSPECT_AUC = 0.99
OPPONENTS = (
    linear("training.tasks.opponents:logistic", "a logistic regression a label", max_iter=300),
    boosting("training.tasks.opponents:boosted", "a boosting a label"),
    *tfidf_models("training.tasks.opponents:svm_of_many", "training.tasks.opponents:logistic_of_many"),
)


@dataclass(frozen=True)
class Multilabel(Task):
    """Any of `labels`, by probabilities."""

    labels: tuple[str, ...]
    shares: tuple[float, ...] = ()  # of the training rows that have each
    thresholds: tuple[float, ...] = ()  # none before they are chosen: one half
    separator: str = SEPARATOR  # in files of new rows

    takes: ClassVar[frozenset[str]] = frozenset({LISTS})
    opponents = OPPONENTS
    name = "multilabel"
    budget_metrics = ("micro_f1", "roc_auc")

    # ── from the columns of a target ──

    @classmethod
    def may_be_of(cls, columns: Sequence[TargetColumn], *, asked: bool) -> bool:
        if len(columns) > 1:
            return all(map(cells.is_of_label, columns))
        return columns[0].kind == LISTS or (asked and columns[0].kind in (WORDS, NUMBERS, TRUTHS))

    @classmethod
    def cells(cls, values: Sequence[pa.Array], columns: Sequence[TargetColumn], options: Options) -> NDArray[Any]:
        if len(columns) > 1:
            return cells.of_columns(values, [column.name for column in columns])
        (its,), (column,) = values, columns
        if column.kind == LISTS:
            return cells.of_lists(its, column.name)
        return cells.of_texts(its, options.own(LabelsOptions).separator)

    @classmethod
    def counted(cls, found: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        rows: Counter[str] = Counter()
        for cell, count in zip(*super().counted(found), strict=True):
            rows.update(dict.fromkeys(cells.read(cell), int(count)))
        return np.array([*rows], object), np.array([*rows.values()], np.int64)

    @classmethod
    def certainty(cls, target: pd.Series) -> float:
        return 0.1  # where no other task takes the columns

    @classmethod
    def of(cls, target: pd.Series, wanted: str | None = None) -> "Multilabel":
        if len(target) > MOST_LABELS:
            expected = f"at most {MOST_LABELS} labels in {target.name!r}"
            raise DataError(f"`--target`: expected {expected}. Received: {len(target)} or more.")
        return cls(sort_labels(target.tolist()))

    @classmethod
    def of_answer(cls, answer: Mapping[str, Any]) -> "Multilabel":
        separator = answer.get("separator", SEPARATOR)
        return cls(tuple(answer["labels"]), thresholds=tuple(answer["thresholds"]), separator=separator)

    @classmethod
    def suggestion(cls, tally: Tally) -> str | None:
        return suggestion(tally)

    def encode(self, target: pd.Series) -> NDArray[np.bool_]:
        codes, different = pd.factorize(target.map(_hashable))
        place = {label: at for at, label in enumerate(self.labels)}
        found = np.zeros((len(different), self.width), np.bool_)  # one unknown is refused before
        for row, cell in zip(found, different, strict=True):
            row[[place[label] for label in cells.read(cell) if label in place]] = True
        return found[codes]  # (rows, labels)

    def refusal(self, truth: Any) -> str | None:
        if set(cells.read(truth)) <= set(self.labels):
            return None
        more = " …" if self.width > SHOWN_LABELS else ""
        return f"labels among {', '.join(self.labels[:SHOWN_LABELS])}{more}"

    def fit_to(self, y: NDArray[Any], weights: RowWeights = None) -> "Multilabel":
        return replace(self, shares=tuple(np.average(y, axis=0, weights=weights).tolist()))

    def strata(self, y: NDArray[Any]) -> Strata:
        return strata(y, self.labels)

    # ── learned ──

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
        return [math.log(share / (1 - share)) for share in np.clip(self.shares, RAREST, 1 - RAREST).tolist()]

    @property
    def flatness(self) -> float:
        return self.width  # the mean of the labels' losses

    def scaled(self, y: NDArray[Any]) -> NDArray[np.float32]:
        return y.astype(np.float32)

    def loss(self, options: Options) -> Any:
        import keras  # noqa: PLC0415 - it takes seconds, and mistakes in the data should not wait

        return keras.losses.BinaryCrossentropy(from_logits=True)

    def finish(self, said: Any) -> Any:
        import keras  # noqa: PLC0415

        return keras.layers.Activation("sigmoid", name=OUTPUT)(said)

    def pupil(self) -> "Multilabel":
        return self

    def lesson(self, outputs: Outputs) -> NDArray[Any]:
        return outputs[OUTPUT]

    def adjustment(self, answers: Callable[[], Outputs], rows: Rows, options: Options) -> Decided:
        return decided(answers()[OUTPUT], rows.y, rows.weights, calibrate=options.own(LabelOptions).calibrate)

    def adjusted(self, adjustment: Adjustment) -> "Multilabel":
        assert isinstance(adjustment, Decided)
        return replace(self, thresholds=adjustment.thresholds)

    def settled(self, answers: Callable[[], Outputs], rows: Rows) -> "Multilabel":
        return replace(self, thresholds=thresholds(answers()[OUTPUT], rows.y, rows.weights))

    def decided(self, outputs: Outputs) -> Outputs:
        return {**outputs, GIVEN: self.given(outputs)}

    def given(self, outputs: Outputs) -> NDArray[np.bool_]:
        """Say which labels each row is given: (rows, labels)."""
        if GIVEN in outputs:
            return outputs[GIVEN]
        at = np.array(self.thresholds or (HALF,) * self.width)
        return chosen(outputs[OUTPUT].astype(np.float32), at)

    # ── judged ──

    def evaluate(self, y: NDArray[Any], outputs: Outputs, weights: RowWeights = None) -> Metrics:
        counted = np.ones((1, len(y))) if weights is None else weights[None]
        return {name: float(value) for name, (value,) in self.weighted(y, outputs, counted).items()}

    def weighted(self, y: NDArray[Any], outputs: Outputs, weights: Weights, only: str | None = None) -> Judged:
        return weighted.metrics(y, self.given(outputs), outputs[OUTPUT].astype(np.float64), weights, only)

    def scarce(self, y: NDArray[Any], fewer_than: int) -> Mapping[str, str]:
        return scarce(y, self.labels, fewer_than)

    def account(self, rows: Rows, outputs: Outputs) -> Mapping[str, Any]:
        said = np.clip(outputs[OUTPUT].astype(np.float64), 0, 1)
        weights = None if rows.weights is None else np.repeat(rows.weights, self.width)
        return {"reliability": in_bins(rows.y.ravel(), said.ravel(), weights).facts("the probability of each label")}

    def trivial(self, rows: int) -> Outputs:
        return {OUTPUT: np.tile(np.array(self.shares, np.float32), (rows, 1))}  # (rows, labels)

    def answered_by(self, model: Any, inputs: Any) -> Outputs:
        found = model.predict_proba(inputs)
        if isinstance(found, list):  # of a tree, by label: (rows, its values)
            found = np.stack([_of_true(*pair) for pair in zip(found, model.classes_, strict=True)], axis=1)
        return {OUTPUT: found}

    def leak_rule(self) -> LeakRule:
        from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - few need it, and it is slow to load

        return LeakRule(weighted.BEST_AUC, SUSPECT_AUC, DecisionTreeClassifier, lambda y: y.astype(np.float64), OUTPUT)

    def mistakes(self, y: NDArray[Any], outputs: Outputs, most: int) -> Sequence[Mistake]:
        given, said = self.given(outputs), outputs[OUTPUT].astype(np.float64)  # (rows, labels)
        sure = np.where(given != y, np.where(given, said, 1 - said), -1).max(axis=1)
        wrong = np.flatnonzero(sure >= 0)
        return [
            Mistake(row, self._named(y[row]), self._named(given[row]), float(sure[row]))
            for row in wrong[np.argsort(-sure[wrong], kind="stable")][:most].tolist()
        ]

    def _named(self, has: NDArray[np.bool_]) -> str:
        """Name the labels that a row has: (labels,)."""
        return ", ".join(np.array(self.labels, object)[has]) or "none"

    # ── told ──

    def answer(self) -> Mapping[str, Any]:
        at = self.thresholds or (HALF,) * self.width
        return {"type": "labels", "labels": self.labels, "thresholds": at, "separator": self.separator}

    def truths(self) -> Any:
        return {"type": "labels", "labels": self.labels}

    def bins(self, outputs: Outputs) -> dict[str, Any]:
        given = self.given(outputs)
        counts = np.array([*given.sum(axis=0), (~given.any(axis=1)).sum()], np.float64)
        *shares, none = (counts / counts.sum()).tolist()
        return {"kind": "labels", "values": list(self.labels), "shares": shares, "none": none}

    @property
    def asked(self) -> str:
        return f"any of {self.width} labels"

    def about_baselines(self) -> str:
        return (
            "`baseline` answers how often each label comes in the training rows; each model has thresholds of its own, "
            "chosen as the network's are. "
            "micro_f1 counts labels of all rows together, macro_f1 is the mean over the labels, exact the share of the "
            "rows that are right in every label; roc_auc and pr_auc (average precision) are means over the labels, "
            "ranking is the label ranking average precision."
        )

    def about_target(self, y: NDArray[Any]) -> str:
        shares, counts = y.mean(axis=0), y.sum(axis=1)
        common = sorted(zip(self.labels, shares, strict=True), key=lambda pair: -pair[1])[:NAMED_LABELS]
        more = f" and {self.width - NAMED_LABELS} rarer labels" if self.width > NAMED_LABELS else ""
        named = ", ".join(f"{code(label)} ({share:.1%})" for label, share in common)
        return (
            f"A row has {counts.mean():.2f} labels on average, and none in {(counts == 0).mean():.1%}: {named}{more}."
        )

    def about_slices(self) -> str:
        return "Where labels are rarer, F1 is lower."

    def sections(self, rows: Rows, outputs: Outputs) -> Sequence[str]:
        at = self.thresholds or (HALF,) * self.width
        return table_of_labels(self.labels, at, rows, self.given(outputs), outputs[OUTPUT].astype(np.float64))


def _of_true(shares: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return a tree's share of the rows with a label; where it saw one value alone, that: (rows,)."""
    places = np.flatnonzero(values)
    found: NDArray[Any] = shares[:, places[0]] if len(places) else np.zeros(len(shares))
    return found


def _hashable(cell: Any) -> Any:
    return cell if isinstance(cell, str) else tuple(cell)
