"""The answer of a made-up task, as the service has it: a list of three numbers, and the order of them.

values (rows, 3) float32, order (rows, 3) int64 ─> {"values": [1.0, 4.5, 2.0], "order": [0, 2, 1]}
"""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from app.answers.base import AnswerKeys, AnswerType, Outputs
from app.answers.running_scores import Scores
from app.bins.layout import Floats, Layout
from app.bins.number import NumberBins
from app.tensors import Array, TensorSpec


class SeriesKeys(AnswerKeys, frozen=True, kw_only=True):
    """The manifest's `answer`."""

    length: int


class Distance:
    """The mean distance of the numbers from what was true."""

    def __init__(self) -> None:
        self._distances: list[float] = []

    @property
    def rows(self) -> int:
        return len(self._distances)

    def add(self, truth: Any, predicted: Any) -> None:
        self._distances.append(float(np.abs(np.subtract(truth, predicted)).mean()))

    def now(self) -> dict[str, float]:
        return {"distance": float(np.mean(self._distances))} if self._distances else {}


class SeriesAnswer(AnswerType):
    """See `app.answers.base.AnswerType`."""

    form = SeriesKeys
    bins = NumberBins

    def __init__(self, keys: SeriesKeys) -> None:
        self._length = keys.length

    def check_outputs(self, outputs: Sequence[TensorSpec]) -> None:
        found = [(spec.name, spec.dtype, *spec.shape[1:]) for spec in outputs]
        if found != [("values", "float32", self._length), ("order", "int64", self._length)]:
            raise ValueError(f"expected values and their order. Received: {found}")

    def fault(self, outputs: Outputs) -> tuple[str, str] | None:
        return None if self.valid(outputs) else ("finite values", str(outputs["values"]))

    def valid(self, outputs: Outputs) -> bool:
        return bool(np.isfinite(outputs["values"]).all())

    def encode(self, outputs: Outputs) -> list[bytes]:
        pairs = zip(outputs["values"].tolist(), outputs["order"].tolist(), strict=True)
        return [msgspec.json.encode({"values": values, "order": order}) for values, order in pairs]

    def openapi(self, target: str) -> dict[str, Any]:
        return {"type": "object", "description": target}

    def check_bins(self, bins: NumberBins) -> None: ...

    def layout(self, bins: NumberBins) -> Layout:
        return bins.prediction()

    def count(self, bins: NumberBins, outputs: Outputs) -> tuple[Floats, int]:
        return bins.count(outputs["values"].mean(axis=1)), len(outputs["values"])

    def predicted(self, outputs: Outputs) -> list[list[float]]:
        values: list[list[float]] = outputs["values"].tolist()
        return values

    def truth(self, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != self._length:
            raise ValueError(f"a list of {self._length} numbers")
        return value

    def read_text(self, text: str) -> Any:
        return self.truth(json.loads(text))

    def running_scores(self) -> Scores:
        return Distance()

    def compare(self, ours: Outputs, other: AnswerType, theirs: Outputs) -> tuple[list[bool], float]:
        return (ours["order"] == theirs["order"]).all(axis=1).tolist(), float(
            np.abs(ours["values"] - theirs["values"]).max()
        )

    def columns(self, outputs: Outputs) -> dict[str, Array]:
        return {f"value_{place}": outputs["values"][:, place] for place in range(self._length)}
