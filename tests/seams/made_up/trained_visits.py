"""The task `visits`: '["park", "zoo"]' ─> which places, (rows, places) ─> a ranking, by a network of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from app.sources.tally import LISTS, WORDS
from training.columns.arrays import Outputs, Rows
from training.options import Options
from training.options.rooms import Precision
from training.tasks.base import Metrics, RowWeights, Task
from training.tasks.parts import Output

from .options import VisitOptions

SHOWN = 3


class Ranking(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Logits, (batch, places) ─> the best places and their scores."""

    def call(self, said: Any) -> Any:
        score, place = tf.math.top_k(tf.sigmoid(said), SHOWN)
        return tf.cast(place, tf.int64), score

    def compute_output_spec(self, said: Any) -> Any:
        shape = (said.shape[0], SHOWN)
        return keras.KerasTensor(shape, "int64"), keras.KerasTensor(shape, "float32")


@dataclass(frozen=True)
class Visits(Task):
    """Places of a closed list."""

    places: tuple[str, ...]
    shares: tuple[float, ...] = ()  # of the training rows

    has_own_network: ClassVar[bool] = True
    takes: ClassVar[frozenset[str]] = frozenset({LISTS, WORDS})

    @property
    def name(self) -> str:
        return "visits"

    @classmethod
    def certainty(cls, target: pd.Series) -> float:
        return float(all(isinstance(value, str) and value.startswith('["') for value in target.head(20)))

    @classmethod
    def of(cls, target: pd.Series, wanted: str | None = None) -> "Visits":
        return cls(tuple(sorted({place for value in target for place in _listed(value)})))

    @classmethod
    def of_answer(cls, answer: Mapping[str, Any]) -> "Visits":
        return cls(tuple(answer["places"]))

    def encode(self, target: pd.Series) -> NDArray[np.float32]:
        listed = map(_listed, target)
        return np.array([[place in its for place in self.places] for its in listed], np.float32)

    def refusal(self, truth: Any) -> str | None:
        return None if set(_listed(truth)) <= set(self.places) else "places that the model knows"

    def fit_to(self, y: NDArray[Any], weights: RowWeights = None) -> "Visits":
        return Visits(self.places, tuple(np.average(y, axis=0, weights=weights).tolist()))

    # ── learned ──

    @property
    def outputs(self) -> tuple[Output, ...]:
        return Output("place", (SHOWN,), "int64"), Output("score", (SHOWN,))

    @property
    def width(self) -> int:
        return len(self.places)

    def wire(self, x: Any, options: Options) -> Any:
        inner = keras.layers.Dense(options.own(VisitOptions).visit_units, activation="relu", name="inner")(x)
        return keras.layers.Dense(len(self.places), name="scores")(inner)

    def loss(self, options: Options) -> Any:
        return keras.losses.BinaryCrossentropy(from_logits=True)

    def finish(self, said: Any) -> Any:
        place, score = Ranking(name="ranking")(said)
        return {"place": place, "score": score}

    # ── judged ──

    @property
    def budget_metrics(self) -> tuple[str, ...]:
        return ("first_hit",)

    def evaluate(self, y: NDArray[Any], outputs: Outputs, weights: RowWeights = None) -> Metrics:
        hits = np.take_along_axis(y, outputs["place"], axis=1)  # (rows, shown)
        found = {"first_hit": hits[:, 0], "recall": hits.sum(axis=1) / y.sum(axis=1)}
        return {name: float(np.average(values, weights=weights)) for name, values in found.items()}

    def account(self, rows: Rows, outputs: Outputs) -> Mapping[str, Any]:
        return {"misses": int((np.take_along_axis(rows.y, outputs["place"], axis=1).sum(axis=1) == 0).sum())}

    def trivial(self, rows: int) -> Outputs:
        place = np.argsort(-np.array(self.shares), kind="stable")[:SHOWN]
        score = np.array(self.shares, np.float32)[place]
        return {"place": np.tile(place, (rows, 1)), "score": np.tile(score, (rows, 1))}

    def tolerance(self, precision: Precision) -> float:
        return 0.05 if precision == "int8-static" else 0.001

    # ── told ──

    def answer(self) -> Mapping[str, Any]:
        return {"type": "places", "places": self.places, "shown": SHOWN}

    def bins(self, outputs: Outputs) -> dict[str, Any]:
        shares = np.bincount(outputs["place"][:, 0], minlength=len(self.places)) / len(outputs["place"])
        rest = {"other": 0.0, "missing": 0.0, "unseen": 0.0}
        return {"kind": "category", "values": self.places, "shares": shares.tolist(), **rest}


def _listed(value: Any) -> list[str]:
    found: list[str] = json.loads(value) if isinstance(value, str) else value
    return found
