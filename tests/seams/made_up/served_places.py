"""The answer `places`: the best places, the likeliest first, each with its score.

place (rows, shown) int64, score (rows, shown) float32 ─> [{"place": "park", "score": 0.9}, …]
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from app.answers.base import AnswerKeys, AnswerType, Outputs, Tolerance
from app.answers.figures import Figure
from app.answers.running_scores import Scores
from app.answers.totals import Cells, Totals
from app.bins.category import CategoryBins
from app.bins.layout import Floats, Layout
from app.tensors import Array, TensorSpec

WINDOW_ROWS = 1000


class PlaceKeys(AnswerKeys, frozen=True, kw_only=True):
    """The manifest's `answer`."""

    places: tuple[str, ...]
    shown: int


class Hits:
    """How often the first place is a true one, and how many of the true ones are shown."""

    def __init__(self) -> None:
        self._rows: deque[tuple[bool, float]] = deque(maxlen=WINDOW_ROWS)

    @property
    def rows(self) -> int:
        return len(self._rows)

    def add(self, truth: Any, predicted: Any) -> None:
        self._rows.append((predicted[0] in truth, len(truth & set(predicted)) / len(truth)))

    def now(self) -> dict[str, float]:
        if not self._rows:
            return {}
        first, recall = np.mean(self._rows, axis=0).tolist()
        return {"first_hit": first, "recall": recall}


class PlacesAnswer(AnswerType):
    """See `app.answers.base.AnswerType`."""

    form = PlaceKeys
    bins = CategoryBins

    def __init__(self, keys: PlaceKeys) -> None:
        self._keys = keys
        self._names = [msgspec.json.encode(place) for place in keys.places]
        self._place = {name: place for place, name in enumerate(keys.places)}

    # ── at load ──

    def check_outputs(self, outputs: Sequence[TensorSpec]) -> None:
        found = {(spec.name, spec.dtype, spec.shape[1:]) for spec in outputs}
        wanted = {("place", "int64", (self._keys.shown,)), ("score", "float32", (self._keys.shown,))}
        if found != wanted:
            raise ValueError(f"expected the outputs {wanted}. Received: {found}")

    def fault(self, outputs: Outputs) -> tuple[str, str] | None:
        if not self.valid(outputs):
            return "places that there are, with finite scores", str(dict(outputs))
        falls = bool((np.diff(outputs["score"], axis=1) <= 0).all())
        return None if falls else ("scores that fall", str(outputs["score"]))

    def mismatch(self, found: Outputs, wanted: Outputs, tolerance: Tolerance) -> str | None:
        """Scores by rank are near one another; places may change ranks where their scores are as near."""
        apart = np.abs(found["score"] - wanted["score"])
        if apart.max() > tolerance.atol:
            return f"a difference of {apart.max():g} of `score`"
        for row, rank in np.argwhere(found["place"] != wanted["place"]).tolist():
            scores = wanted["score"][row]
            if np.sort(np.abs(scores - scores[rank]))[1] > 2 * tolerance.atol:
                return f"another place of row {row}"
        return None

    # ── at each run ──

    def valid(self, outputs: Outputs) -> bool:
        place = outputs["place"]
        return bool(np.isfinite(outputs["score"]).all() and ((place >= 0) & (place < len(self._names))).all())

    def encode(self, outputs: Outputs) -> list[bytes]:
        names = self._names
        return [
            b"[" + b",".join([b'{"place":%b,"score":%.7g}' % (names[p], s) for p, s in zip(*row, strict=True)]) + b"]"
            for row in zip(outputs["place"].tolist(), outputs["score"].tolist(), strict=True)
        ]

    def openapi(self, target: str) -> dict[str, Any]:
        place = {"type": "string", "enum": list(self._keys.places)}
        score = {"type": "number", "minimum": 0, "maximum": 1}
        item = {"type": "object", "properties": {"place": place, "score": score}, "required": ["place", "score"]}
        return {"type": "array", "items": item, "minItems": self._keys.shown, "maxItems": self._keys.shown}

    # ── drift ──

    def check_bins(self, bins: CategoryBins) -> None:
        if set(bins.values) != set(self._keys.places):
            raise ValueError(f"`values`: expected the places. Received: {', '.join(bins.values)}")

    def layout(self, bins: CategoryBins) -> Layout:
        return bins.prediction()

    def count(self, bins: CategoryBins, outputs: Outputs) -> tuple[Floats, int]:
        at = bins.places()
        places = np.array([at[place] for place in self._keys.places])
        first = outputs["place"][:, 0]
        return np.bincount(places[first], minlength=len(at)).astype(np.float64), len(first)

    # ── feedback, a shadow, an output file ──

    def predicted(self, outputs: Outputs) -> list[list[int]]:
        ranked: list[list[int]] = outputs["place"].tolist()
        return ranked

    def truth(self, value: Any) -> frozenset[int]:
        if not isinstance(value, list) or not value or not all(name in self._place for name in value):
            raise ValueError(f"a list of {', '.join(self._keys.places)}")
        return frozenset(self._place[name] for name in value)

    def read_text(self, text: str) -> list[str]:
        try:
            return msgspec.json.decode(text, type=list[str])
        except msgspec.DecodeError as error:
            raise ValueError("a list of places") from error

    def running_scores(self) -> Scores:
        return Hits()

    def totals(self, truths: Sequence[frozenset[int]], of_row: Array, outputs: Outputs, bins: Any) -> Totals:
        true = np.array([[place in truth for place in range(len(self._names))] for truth in truths])[of_row]
        shown = np.take_along_axis(true, outputs["place"], axis=1)  # (rows, shown)
        recall = shown.sum(axis=1) / true.sum(axis=1)
        return Totals.of(len(of_row), {"first": Cells.of(shown[:, 0].astype(np.int64), 2)}, {"recall": recall})

    def figures(self, totals: Totals) -> dict[str, Figure]:
        first = totals.cells["first"].dense(2)[1] / totals.rows
        return {"first_hit": Figure(float(first)), "recall": Figure(totals.mean("recall"))}

    def compare(self, ours: Outputs, other: AnswerType, theirs: Outputs) -> tuple[list[bool], float]:
        if not isinstance(other, PlacesAnswer) or other._keys != self._keys:
            return [False] * len(ours["place"]), 1.0
        agreed = (ours["place"][:, 0] == theirs["place"][:, 0]).tolist()
        return agreed, float(np.abs(ours["score"] - theirs["score"]).max())

    def columns(self, outputs: Outputs) -> dict[str, Array]:
        names = np.array(self._keys.places, object)
        ranks = range(self._keys.shown)
        return {f"place_{rank + 1}": names[outputs["place"][:, rank]] for rank in ranks}
