"""Running scores over the last labelled rows of a version: the words and rules of the model's card.

    Labels, LabelSets, Numbers    accuracy and f1; micro_f1, exact and f1 a label; mae
    scores.add(truth, predicted)  one row; the oldest beyond the window goes
    scores.now()                  score ─> value

It knows neither requests nor metrics.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from app.bins.category import VALUES_MAX
from app.bins.layout import distinct

WINDOW_ROWS = 10_000  # a tenth of a percent of accuracy is ten rows


class Scores(Protocol):
    """What is known of the last rows whose truth is known."""

    @property
    def rows(self) -> int:
        """How many there are."""

    def add(self, truth: Any, predicted: Any) -> None:
        """Take a row, both as the answer's type has them: places of labels, or numbers, say."""

    def now(self) -> dict[str, float]:
        """Return each score; none while there are no rows."""


class Labels:
    """Accuracy, and F1: of the last of two labels, or the mean of those of `count` labels that were seen."""

    def __init__(self, count: int, window: int = WINDOW_ROWS) -> None:
        self._window = window
        self._pairs: deque[tuple[int, int]] = deque()
        self._true = np.zeros(count, np.int64)  # rows by their true label
        self._predicted = np.zeros(count, np.int64)
        self._hits = np.zeros(count, np.int64)  # rows by their label, where both are the same

    @property
    def rows(self) -> int:
        return len(self._pairs)

    def add(self, truth: float, predicted: float) -> None:
        self._pairs.append((int(truth), int(predicted)))
        self._count(self._pairs[-1], 1)
        if len(self._pairs) > self._window:
            self._count(self._pairs.popleft(), -1)

    def now(self) -> dict[str, float]:
        if not self._pairs:
            return {}
        seen = self._true + self._predicted  # twice the hits and each miss of a label once: 2 tp + fp + fn
        f1 = 2 * self._hits / np.maximum(seen, 1)
        mean = f1[1] if len(f1) == 2 else f1[seen > 0].mean()
        return {"accuracy": float(self._hits.sum() / len(self._pairs)), "f1": float(mean)}

    def _count(self, pair: tuple[int, int], step: int) -> None:
        truth, predicted = pair
        self._true[truth] += step
        self._predicted[predicted] += step
        if truth == predicted:
            self._hits[truth] += step


class LabelSets:
    """F1 over all labels, how many rows are right in every one, and F1 of each label where there are few."""

    def __init__(self, labels: Sequence[str], window: int = WINDOW_ROWS) -> None:
        self._window = window
        self._pairs: deque[tuple[tuple[int, ...], tuple[int, ...]]] = deque()
        self._names = [f"f1: {name}" for name in distinct(labels)] if len(labels) <= VALUES_MAX else []
        self._seen = np.zeros(len(labels), np.int64)  # twice the hits and each miss once: 2 tp + fp + fn
        self._hits = np.zeros(len(labels), np.int64)
        self._exact = 0  # rows

    @property
    def rows(self) -> int:
        return len(self._pairs)

    def add(self, truth: tuple[int, ...], predicted: tuple[int, ...]) -> None:
        self._pairs.append((truth, predicted))
        self._count(truth, predicted, 1)
        if len(self._pairs) > self._window:
            self._count(*self._pairs.popleft(), -1)

    def now(self) -> dict[str, float]:
        if not self._pairs:
            return {}
        f1 = 2 * self._hits / np.maximum(self._seen, 1)
        named = zip(self._names, f1.tolist(), self._seen.tolist(), strict=False)
        return {
            "micro_f1": float(2 * self._hits.sum() / max(self._seen.sum(), 1)),
            "exact": self._exact / len(self._pairs),
            **{name: value for name, value, seen in named if seen},
        }

    def _count(self, truth: tuple[int, ...], predicted: tuple[int, ...], step: int) -> None:
        for places in (truth, predicted):
            self._seen[list(places)] += step
        self._hits[list(set(truth) & set(predicted))] += step
        self._exact += step * (truth == predicted)


class Numbers:
    """The mean absolute error, in the target's own unit."""

    def __init__(self, window: int = WINDOW_ROWS) -> None:
        self._errors: deque[float] = deque(maxlen=window)

    @property
    def rows(self) -> int:
        return len(self._errors)

    def add(self, truth: float, predicted: float) -> None:
        self._errors.append(abs(truth - predicted))

    def now(self) -> dict[str, float]:
        return {"mae": sum(self._errors) / len(self._errors)} if self._errors else {}
