"""The answer `label`: one of a few labels, with the probability of each.

probabilities (rows, labels) ─> {"label": "yes", "probabilities": {"no": 0.1, "yes": 0.9}}
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from app.answers.base import AnswerKeys, AnswerType, Outputs
from app.answers.running_scores import Labels, Scores
from app.bins.category import CategoryBins
from app.bins.layout import Floats
from app.tensors import Array, TensorSpec
from app.words import Vocabulary

OUTPUT = "probabilities"
SUM_ATOL = 1e-3  # of a row's probabilities beside one
SHOWN_LABELS = 20


class LabelKeys(AnswerKeys, frozen=True, kw_only=True):
    """The manifest's `answer`."""

    labels: tuple[str, ...]  # in the order of the output's columns


class LabelAnswer(AnswerType):
    """See `app.answers.base.AnswerType`."""

    form = LabelKeys
    bins = CategoryBins

    def __init__(self, keys: LabelKeys) -> None:
        self.classes = keys.labels
        self._place = {label: place for place, label in enumerate(keys.labels)}
        self._vocabulary = Vocabulary(keys.labels)
        self._templates = _templates(keys.labels)

    def check_outputs(self, outputs: Sequence[TensorSpec]) -> None:
        found = [(spec.name, spec.dtype) for spec in outputs[:1]]
        if found != [(OUTPUT, "float32")] or len(outputs[0].shape) != 2:
            expected = f"{(OUTPUT, 'float32')} of shape [null, labels] as the first output"
            raise ValueError(f"expected {expected}. Received: {found}")
        width, labels = outputs[0].shape[1], list(self.classes)
        if len(labels) != width:
            raise ValueError(f"expected {width} labels, one a column of the output. Received: {labels!s:.400}")

    def fault(self, outputs: Outputs) -> tuple[str, str] | None:
        if not self.valid(outputs):
            return "finite answers", str(outputs[OUTPUT])
        summed = np.allclose(outputs[OUTPUT].sum(axis=1), 1, atol=SUM_ATOL)
        return None if summed else ("probabilities that sum to one", str(outputs[OUTPUT]))

    def valid(self, outputs: Outputs) -> bool:
        return bool(np.isfinite(outputs[OUTPUT]).all())

    def encode(self, outputs: Outputs) -> list[bytes]:
        found, templates = outputs[OUTPUT], self._templates  # (rows, labels)
        labels = found.argmax(axis=1).tolist()  # (rows,)
        return [templates[label] % tuple(row) for label, row in zip(labels, found.tolist(), strict=True)]

    def openapi(self, target: str) -> dict[str, Any]:
        labels = list(self.classes)
        share = {"type": "number", "minimum": 0, "maximum": 1}
        return {
            "type": "object",
            "properties": {
                "label": {"type": "string", "enum": labels, "description": "The most probable label."},
                "probabilities": {"type": "object", "properties": dict.fromkeys(labels, share), "required": labels},
            },
            "required": ["label", "probabilities"],
        }

    def scores(self, outputs: Outputs) -> Array:
        return outputs[OUTPUT]

    def check_bins(self, bins: CategoryBins) -> None:
        if set(bins.values) != set(self.classes):
            raise ValueError(f"`values`: expected the labels. Received: {', '.join(bins.values):.200}")

    def count(self, bins: CategoryBins, outputs: Outputs) -> tuple[Floats, int]:
        found = outputs[OUTPUT]
        found = found[np.isfinite(found).all(axis=1)]  # (rows', labels); only tensors may be answered otherwise
        places = bins.places()
        bin_of_label = np.array([places[label] for label in self.classes], np.int64)
        counted = np.bincount(bin_of_label[found.argmax(axis=1)], minlength=len(bins.prediction().names))
        return counted.astype(np.float64), len(found)

    def predicted(self, outputs: Outputs) -> list[int]:
        places: list[int] = outputs[OUTPUT].argmax(axis=1).tolist()
        return places

    def truth(self, value: Any) -> int:
        place = self._place.get(self._vocabulary.meant(value)) if isinstance(value, str) else None
        if place is None:
            more = " …" if len(self.classes) > SHOWN_LABELS else ""
            raise ValueError(f"one of {', '.join(self.classes[:SHOWN_LABELS])}{more}")
        return place

    def running_scores(self) -> Scores:
        return Labels(len(self.classes))

    def compare(self, ours: Outputs, other: AnswerType, theirs: Outputs) -> tuple[list[bool], float]:
        mine = ours[OUTPUT]
        if not isinstance(other, LabelAnswer):
            return [False] * len(mine), 1.0
        labels = list(dict.fromkeys([*self.classes, *other.classes]))
        mine, found = self._spread(mine, labels), other._spread(theirs[OUTPUT], labels)  # (rows, labels of both)
        return (mine.argmax(axis=1) == found.argmax(axis=1)).tolist(), float(np.abs(mine - found).max())

    def columns(self, outputs: Outputs) -> dict[str, Array]:
        found = outputs[OUTPUT]
        labels = np.array(self.classes, object)[found.argmax(axis=1)]
        return {"label": labels, **{f"probability_{label}": found[:, at] for label, at in self._place.items()}}

    def _spread(self, found: Array, labels: Sequence[str]) -> Array:
        """Return the probabilities in the order of `labels`, 0 for one that these answers do not have."""
        spread = np.zeros((len(found), len(labels)), found.dtype)
        spread[:, [labels.index(label) for label in self.classes]] = found
        return spread


def _templates(labels: Sequence[str]) -> list[bytes]:
    """One text a label with the numbers left out; seven digits are what a 32-bit float holds."""
    names = [msgspec.json.encode(label).replace(b"%", b"%%") for label in labels]
    shares = b",".join(name + b":%.7g" for name in names)
    return [b'{"label":' + name + b',"probabilities":{' + shares + b"}}" for name in names]
