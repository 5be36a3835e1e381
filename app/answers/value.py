"""The answer `value`: one number, in the target's own unit.

value (rows, 1), of 32 or 64 bits ─> {"value": 2.5}
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.answers import value_totals
from app.answers.base import AnswerKeys, AnswerType, Outputs, Words
from app.answers.figures import Figure
from app.answers.running_scores import Numbers, Scores
from app.answers.totals import Totals
from app.bins.layout import Floats
from app.bins.number import NumberBins
from app.tensors import Array, TensorSpec

OUTPUT = "value"
TEXTS = {"float32": b'{"value":%.7g}', "float64": b'{"value":%r}'}  # with the digits that there are


class ValueAnswer(AnswerType):
    """See `app.answers.base.AnswerType`."""

    form = AnswerKeys
    bins = NumberBins
    numeric = True

    def __init__(self, keys: AnswerKeys) -> None:
        self._text = TEXTS["float32"]

    def check_outputs(self, outputs: Sequence[TensorSpec]) -> None:
        found = [(spec.name, spec.dtype, *spec.shape[1:]) for spec in outputs[:1]]
        if found not in [[(OUTPUT, dtype, 1)] for dtype in TEXTS]:
            expected = f"`{OUTPUT}`, {' or '.join(TEXTS)}, of one column as the first output"
            raise ValueError(f"expected {expected}. Received: {found}")
        self._text = TEXTS[outputs[0].dtype]

    def fault(self, outputs: Outputs) -> tuple[str, str] | None:
        return None if self.valid(outputs) else ("finite answers", str(outputs[OUTPUT]))

    def valid(self, outputs: Outputs) -> bool:
        return bool(np.isfinite(outputs[OUTPUT]).all())

    def encode(self, outputs: Outputs) -> list[bytes]:
        text = self._text
        return [text % value for (value,) in outputs[OUTPUT].tolist()]

    def openapi(self, target: str) -> dict[str, Any]:
        value = {"type": "number", "description": f"Predicted `{target}`."}
        return {"type": "object", "properties": {"value": value}, "required": ["value"]}

    def numbers(self, outputs: Outputs) -> Array:
        return outputs[OUTPUT][:, 0]

    def check_bins(self, bins: NumberBins) -> None:
        pass

    def count(self, bins: NumberBins, outputs: Outputs) -> tuple[Floats, int]:
        found = self.numbers(outputs)
        found = found[np.isfinite(found)]  # (rows',); only tensors may be answered otherwise
        return bins.count(found), len(found)

    def predicted(self, outputs: Outputs) -> list[float]:
        values: list[float] = self.numbers(outputs).tolist()
        return values

    def truth(self, value: Any) -> float:
        return _finite(None if isinstance(value, bool | str) else value)

    def read_text(self, text: str) -> float:
        return _finite(None if "_" in text else text)

    def running_scores(self) -> Scores:
        return Numbers()

    def compare(self, ours: Outputs, other: AnswerType, theirs: Outputs) -> tuple[list[bool], float]:
        mine, found = self.numbers(ours), other.numbers(theirs)
        if found is None:
            return [False] * len(mine), float(np.abs(mine).max())
        return [True] * len(mine), float(np.abs(mine - found).max())

    def totals(self, truths: Sequence[float], of_row: Array, outputs: Outputs, bins: NumberBins | None) -> Totals:
        middle = bins.edges[len(bins.edges) // 2] if bins is not None and bins.edges else 0.0
        truth = np.array(truths, np.float64)[of_row]
        return value_totals.totals(truth, self.numbers(outputs).astype(np.float64), middle)

    def figures(self, totals: Totals) -> dict[str, Figure]:
        return value_totals.figures(totals)

    def columns(self, outputs: Outputs) -> dict[str, Array | Words]:
        return {OUTPUT: self.numbers(outputs)}


def _finite(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("a finite number")
    return number
