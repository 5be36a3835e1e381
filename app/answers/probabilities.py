"""What answers of probabilities share: a column of one output for each label that there is.

    probabilities (rows, labels) ─┬─ LabelAnswer    one of them
                                  └─ LabelsAnswer   as many as there are

It knows nothing about which labels a row is given.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import numpy as np

from app.answers.base import AnswerKeys, AnswerType, Outputs
from app.tensors import Array, TensorSpec
from app.words import Vocabulary

OUTPUT = "probabilities"
SHOWN_LABELS = 20
ATOL_MAX = 0.1  # training writes 0.02 at most
SHARE = {"type": "number", "minimum": 0, "maximum": 1}


class LabelKeys(AnswerKeys, frozen=True, kw_only=True):
    """The manifest's `answer`."""

    labels: tuple[str, ...]  # in the order of the output's columns


class ProbabilitiesAnswer(AnswerType):
    """See `app.answers.base.AnswerType`."""

    form: ClassVar[type[AnswerKeys]] = LabelKeys

    def __init__(self, keys: LabelKeys) -> None:
        self.classes = keys.labels
        self._place = {label: place for place, label in enumerate(keys.labels)}
        self._vocabulary = Vocabulary(keys.labels)

    @property
    def about(self) -> int | None:
        """Which label the answers are about, whatever they are."""
        return None

    def check_outputs(self, outputs: Sequence[TensorSpec]) -> None:
        found = [(spec.name, spec.dtype) for spec in outputs[:1]]
        if found != [(OUTPUT, "float32")] or len(outputs[0].shape) != 2:
            expected = f"{(OUTPUT, 'float32')} of shape [null, labels] as the first output"
            raise ValueError(f"expected {expected}. Received: {found}")
        width, labels = outputs[0].shape[1], list(self.classes)
        if len(labels) != width:
            raise ValueError(f"expected {width} labels, one a column of the output. Received: {labels!s:.400}")
        if len(set(labels)) < len(labels) or "" in labels:
            raise ValueError(f"expected labels that differ and are not empty. Received: {labels!s:.400}")

    def valid(self, outputs: Outputs) -> bool:
        return bool(np.isfinite(outputs[OUTPUT]).all())

    def atol_max(self, wanted: Outputs) -> float:
        return ATOL_MAX

    def scores(self, outputs: Outputs) -> Array:
        return outputs[OUTPUT]

    def moved(self, outputs: Outputs) -> tuple[str, Array]:
        """Look at the second of two labels that exclude each other, and at the most probable of others."""
        place = self.about if self.about is not None else int(outputs[OUTPUT][0].argmax())
        return self.classes[place], outputs[OUTPUT][:, place]

    def compare(self, ours: Outputs, other: AnswerType, theirs: Outputs) -> tuple[list[bool], float]:
        """Say in which rows both give the same labels, whatever their order, and how far probabilities are apart."""
        mine = ours[OUTPUT]
        if not isinstance(other, type(self)):
            return [False] * len(mine), 1.0
        labels = list(dict.fromkeys([*self.classes, *other.classes]))
        one, two = self._spread(mine, labels), other._spread(theirs[OUTPUT], labels)  # (rows, labels of both)
        given, theirs_given = (
            each._spread(each.given(outputs), labels) for each, outputs in ((self, ours), (other, theirs))
        )
        return (given == theirs_given).all(axis=1).tolist(), float(np.abs(one - two).max())

    @abstractmethod
    def given(self, outputs: Outputs) -> Array:
        """Say which labels each row is given: (rows, labels) truths."""

    def place_of(self, label: Any) -> int:
        """Return the place of a label that a caller wrote; raises `ValueError` with the expectation."""
        place = self._place.get(self._vocabulary.meant(label)) if isinstance(label, str) else None
        if place is None:
            more = " …" if len(self.classes) > SHOWN_LABELS else ""
            raise ValueError(f"one of {', '.join(self.classes[:SHOWN_LABELS])}{more}")
        return place

    def probability_columns(self, outputs: Outputs) -> dict[str, Array]:
        """Return a column of an output file for each label."""
        return {f"probability[{label}]": outputs[OUTPUT][:, at] for label, at in self._place.items()}

    def probabilities_schema(self) -> dict[str, Any]:
        """Describe the probabilities of a row as JSON Schema."""
        labels = list(self.classes)
        return {"type": "object", "properties": dict.fromkeys(labels, SHARE), "required": labels}

    def _spread(self, found: Array, labels: Sequence[str]) -> Array:
        """Return columns in the order of `labels`, 0 for one that these answers do not have."""
        spread = np.zeros((len(found), len(labels)), found.dtype)
        spread[:, [labels.index(label) for label in self.classes]] = found
        return spread


def names(labels: Sequence[str]) -> list[bytes]:
    """Return the labels as JSON."""
    return [msgspec.json.encode(label) for label in labels]


def template(labels: Sequence[str]) -> bytes:
    """Return the JSON of a row's probabilities with the numbers left out; a 32-bit float holds seven digits."""
    return b"{" + b",".join(name.replace(b"%", b"%%") + b":%.7g" for name in names(labels)) + b"}"
