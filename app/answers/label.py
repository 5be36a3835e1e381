"""The answer `label`: one of a few labels, with the probability of each.

probabilities (rows, labels) ─> {"label": "yes", "probabilities": {"no": 0.1, "yes": 0.9}}
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.answers import label_totals
from app.answers.base import Outputs, Words
from app.answers.figures import Figure
from app.answers.probabilities import OUTPUT, LabelKeys, ProbabilitiesAnswer, names, template
from app.answers.running_scores import Labels, Scores
from app.answers.totals import Totals
from app.bins.category import CategoryBins
from app.bins.layout import Floats
from app.tensors import Array

SUM_ATOL = 1e-3  # of a row's probabilities beside one


class LabelAnswer(ProbabilitiesAnswer):
    """See `app.answers.base.AnswerType`."""

    bins = CategoryBins

    def __init__(self, keys: LabelKeys) -> None:
        super().__init__(keys)
        self._templates = _templates(keys.labels)

    @property
    def about(self) -> int | None:
        return 1 if len(self.classes) == 2 else None

    def fault(self, outputs: Outputs) -> tuple[str, str] | None:
        if not self.valid(outputs):
            return "finite answers", str(outputs[OUTPUT])
        summed = np.allclose(outputs[OUTPUT].sum(axis=1), 1, atol=SUM_ATOL)
        return None if summed else ("probabilities that sum to one", str(outputs[OUTPUT]))

    def encode(self, outputs: Outputs) -> list[bytes]:
        found, templates = outputs[OUTPUT], self._templates  # (rows, labels)
        labels = found.argmax(axis=1).tolist()  # (rows,)
        return [templates[label] % tuple(row) for label, row in zip(labels, found.tolist(), strict=True)]

    def openapi(self, target: str) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "label": {"type": "string", "enum": list(self.classes), "description": "The most probable label."},
                "probabilities": self.probabilities_schema(),
            },
            "required": ["label", "probabilities"],
        }

    def check_bins(self, bins: CategoryBins) -> None:
        if set(bins.values) != set(self.classes):
            raise ValueError(f"`values`: expected the labels. Received: {', '.join(bins.values):.200}")

    def count(self, bins: CategoryBins, outputs: Outputs) -> tuple[Floats, int]:
        found = outputs[OUTPUT]
        if not np.isfinite(found).all():
            found = found[np.isfinite(found).all(axis=1)]  # (rows', labels); only tensors may be answered otherwise
        places = bins.places()
        bin_of_label = np.array([places[label] for label in self.classes], np.int64)
        counted = np.bincount(bin_of_label[found.argmax(axis=1)], minlength=len(bins.prediction().names))
        return counted.astype(np.float64), len(found)

    def given(self, outputs: Outputs) -> Array:
        given: Array = outputs[OUTPUT].argmax(axis=1)[:, None] == np.arange(len(self.classes))
        return given

    def predicted(self, outputs: Outputs) -> list[int]:
        places: list[int] = outputs[OUTPUT].argmax(axis=1).tolist()
        return places

    def truth(self, value: Any) -> int:
        return self.place_of(value)

    def running_scores(self) -> Scores:
        return Labels(len(self.classes))

    def totals(self, truths: Sequence[int], of_row: Array, outputs: Outputs, bins: Any) -> Totals:
        return label_totals.totals(np.array(truths, np.int64)[of_row], outputs[OUTPUT])

    def figures(self, totals: Totals) -> dict[str, Figure]:
        return label_totals.figures(totals, len(self.classes))

    def columns(self, outputs: Outputs) -> dict[str, Array | Words]:
        places = outputs[OUTPUT].argmax(axis=1).astype(np.int32)
        return {"label": Words(places, self.classes), **self.probability_columns(outputs)}


def _templates(labels: Sequence[str]) -> list[bytes]:
    """One text a label with the numbers left out."""
    shares = template(labels)
    return [b'{"label":' + name.replace(b"%", b"%%") + b',"probabilities":' + shares + b"}" for name in names(labels)]
