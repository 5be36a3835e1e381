"""The answer `labels`: as many of some labels as fit a row, with the probability of each.

probabilities (rows, labels) ─ a threshold a label ─> {"labels": ["art"], "probabilities": {"art": 0.9, "law": 0.2}}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from app.answers import labels_totals
from app.answers.base import Outputs, Words
from app.answers.figures import Figure
from app.answers.probabilities import OUTPUT, LabelKeys, ProbabilitiesAnswer, names, template
from app.answers.running_scores import LabelSets, Scores
from app.answers.totals import Totals
from app.bins.labels import LabelsBins
from app.bins.layout import Floats
from app.tensors import Array, TensorSpec

SEPARATOR = "|"
TRUE, FALSE = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})  # in any case of letters


class LabelsKeys(LabelKeys, frozen=True, kw_only=True):
    """The manifest's `answer`."""

    thresholds: tuple[float, ...]  # from which probability on a row is given each label
    separator: str = SEPARATOR  # between the labels of a text in a file


class LabelsAnswer(ProbabilitiesAnswer):
    """See `app.answers.base.AnswerType`."""

    form = LabelsKeys
    bins = LabelsBins

    def __init__(self, keys: LabelsKeys) -> None:
        super().__init__(keys)
        self._keys = keys
        self._thresholds = np.array(keys.thresholds, np.float32)  # (labels,)
        self._names = names(keys.labels)
        self._template = template(keys.labels)

    def check_outputs(self, outputs: Sequence[TensorSpec]) -> None:
        super().check_outputs(outputs)
        thresholds = self._keys.thresholds
        if len(thresholds) != len(self.classes) or not all(0 < at < 1 for at in thresholds):
            expected = f"{len(self.classes)} `thresholds` between 0 and 1, one a label"
            raise ValueError(f"expected {expected}. Received: {list(thresholds)!s:.400}")

    def fault(self, outputs: Outputs) -> tuple[str, str] | None:
        if not self.valid(outputs):
            return "finite answers", str(outputs[OUTPUT])
        are_shares = ((outputs[OUTPUT] >= 0) & (outputs[OUTPUT] <= 1)).all()
        return None if are_shares else ("probabilities from 0 to 1", str(outputs[OUTPUT]))

    def given(self, outputs: Outputs) -> Array:
        return chosen(outputs[OUTPUT], self._thresholds)

    def encode(self, outputs: Outputs) -> list[bytes]:
        labels, text = self._names, self._template
        return [
            b'{"labels":[%b],"probabilities":%b}' % (b",".join([labels[place] for place in places]), text % tuple(row))
            for places, row in zip(self.predicted(outputs), outputs[OUTPUT].tolist(), strict=True)
        ]

    def openapi(self, target: str) -> dict[str, Any]:
        item = {"type": "string", "enum": list(self.classes)}
        about = "Those whose probability reaches their threshold; none, one or several."
        return {
            "type": "object",
            "properties": {
                "labels": {"type": "array", "items": item, "uniqueItems": True, "description": about},
                "probabilities": self.probabilities_schema(),
            },
            "required": ["labels", "probabilities"],
        }

    # ── drift ──

    def check_bins(self, bins: LabelsBins) -> None:
        if set(bins.values) != set(self.classes):
            raise ValueError(f"`values`: expected the labels. Received: {', '.join(bins.values):.200}")

    def count(self, bins: LabelsBins, outputs: Outputs) -> tuple[Floats, int]:
        finite = np.isfinite(outputs[OUTPUT]).all(axis=1)  # (rows,); only tensors may be answered otherwise
        given = self.given(outputs)[finite]  # (rows', labels)
        return bins.count(given, self.classes), len(given)

    # ── feedback, a shadow, files ──

    def predicted(self, outputs: Outputs) -> list[tuple[int, ...]]:
        return [tuple(np.flatnonzero(row).tolist()) for row in self.given(outputs)]

    def truth(self, value: Any) -> tuple[int, ...]:
        is_list = isinstance(value, list | tuple)
        if not is_list:
            raise ValueError(f"a list of labels, such as {self._example()}, [] where there is none")
        return tuple(sorted({self.place_of(label) for label in value}))

    def read_text(self, text: str) -> list[str]:
        return listed(text, self._keys.separator)

    def truth_readers(self, target: str, names: Sequence[str]) -> Mapping[str, Callable[[str], Any]]:
        found = super().truth_readers(target, names)
        if found or not set(self.classes) <= set(names):
            return found
        return dict.fromkeys(self.classes, is_given)  # a column a label

    def truth_of_row(self, values: Mapping[str, Any]) -> Any:
        if set(values) != set(self.classes):
            return super().truth_of_row(values)
        return None if None in values.values() else [label for label, is_true in values.items() if is_true]

    def running_scores(self) -> Scores:
        return LabelSets(self.classes)

    def totals(self, truths: Sequence[tuple[int, ...]], of_row: Array, outputs: Outputs, bins: Any) -> Totals:
        true = np.zeros((len(truths), len(self.classes)), bool)
        for row, places in zip(true, truths, strict=True):
            row[list(places)] = True
        return labels_totals.totals(true[of_row], self.given(outputs), outputs[OUTPUT])

    def figures(self, totals: Totals) -> dict[str, Figure]:
        return labels_totals.figures(totals, len(self.classes))

    def columns(self, outputs: Outputs) -> dict[str, Array | Words]:
        texts = np.empty(len(outputs[OUTPUT]), object)
        separator, given = self._keys.separator, self.predicted(outputs)
        texts[:] = [separator.join([self.classes[place] for place in places]) for places in given]
        return {"labels": texts, **self.probability_columns(outputs)}

    def _example(self) -> str:
        return msgspec.json.encode(list(self.classes[:2])).decode()


def chosen(probabilities: Array, thresholds: Array) -> Array:
    """Say which labels are given: (rows, labels) truths, by thresholds of 32 bits as the probabilities are."""
    given: Array = probabilities >= thresholds.astype(np.float32)
    return given


def listed(text: str, separator: str) -> list[str]:
    """Return the labels in a cell: those of a list in JSON, or the parts between separators, in order, each once."""
    parts = _json(text) if text.startswith("[") and text.endswith("]") else None
    if parts is None:
        parts = [part.strip() for part in text.split(separator)]
    return list(dict.fromkeys([part for part in parts if part]))


def _json(text: str) -> list[str] | None:
    try:
        found = msgspec.json.decode(text, type=list[str | int | bool | None])
    except msgspec.DecodeError:
        return None
    return [label_text(label) for label in found if label is not None]


def label_text(label: Any) -> str:
    """Write an item of a list as a label: truths small, all else as it is."""
    return str(label).lower() if isinstance(label, bool) else str(label).strip()


def is_given(text: str) -> bool:
    """Say whether a cell of a label's column says that the row has it; raises `ValueError` with the expectation."""
    word = text.strip().lower()
    if word not in TRUE | FALSE:
        raise ValueError("0 or 1, true or false, yes or no")
    return word in TRUE
