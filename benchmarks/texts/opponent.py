"""The opponent: TF-IDF and logistic regression of scikit-learn, tuned on validation, on the very rows of a run.

    words of the command ─ prepare ─> the rows of a training ─ n-grams, then C ─> metrics on test, its pickle

Nothing is sampled, unlike in the opponents that every training fits (training/evaluation/baselines/), whose n-grams and
models these are. What was found is kept by a digest of the rows, since it takes minutes.
"""

import hashlib
import json
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from training.columns.arrays import Outputs, Rows
from training.data.prepare import Data
from training.evaluation.baselines import ngrams
from training.evaluation.baselines.ngrams import CHARACTERS, WORDS
from training.tasks.base import Task
from training.tasks.parts import TFIDF_LINEAR

KINDS = ((WORDS, CHARACTERS), (CHARACTERS,), (WORDS,))
STRENGTHS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)  # C
MIDDLE = 4
VERSION = 2  # of what is done here: another one finds nothing that was kept

SEED = 0  # liblinear draws nothing for logistic regression: seeds differ by their rows alone

Score = Callable[[tuple[str, ...], float], float]


@dataclass(frozen=True)
class Fitted:
    """What the opponent reached."""

    metrics: Mapping[str, float]  # on test
    kinds: tuple[str, ...]
    strength: float
    pickle_bytes: int
    cpu_s: float


def metrics_of(task: Task, rows: Rows, outputs: Outputs) -> dict[str, float]:
    """Judge answers; of labels by number, with the mean F1 of all of them."""
    found = dict(task.evaluate(rows.y, outputs, rows.weights))
    if rows.y.ndim == 1 and rows.y.dtype.kind == "i":
        (answers,) = outputs.values()
        found["macro_f1"] = float(f1_score(rows.y, answers.argmax(axis=1), average="macro"))
    return found


def fitted(data: Data, metric: str, kept: Path) -> Fitted:
    """Tune, fit and judge; or read what was found of the same rows before."""
    path = kept / f"{digest(data, metric)}.json"
    if path.is_file():
        found = json.loads(path.read_text())
        return Fitted(**{**found, "kinds": tuple(found["kinds"])})
    result = _fitted(data, metric)
    kept.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(result)))
    return result


def digest(data: Data, metric: str) -> str:
    """Name the rows, their parts and what is asked of them."""
    found = hashlib.sha256(json.dumps([VERSION, metric, data.task.name]).encode())
    for rows in (data.train, data.validation, data.test):
        for text in data.features.table(rows.arrays).texts.ravel():
            found.update(text.encode("utf-8", "surrogatepass") + b"\0")
        found.update(np.ascontiguousarray(rows.y).tobytes())
    return found.hexdigest()[:20]


def _fitted(data: Data, metric: str) -> Fitted:
    began, task = time.process_time(), data.task
    (opponent,) = (one for one in task.opponents if one.name == TFIDF_LINEAR)
    tables = [data.features.table(rows.arrays) for rows in (data.train, data.validation, data.test)]
    vectorisers, train = ngrams.fitted(tables[0], (WORDS, CHARACTERS))
    validation = ngrams.read(vectorisers, tables[1])
    models: dict[tuple[tuple[str, ...], float], Any] = {}

    def score(kinds: tuple[str, ...], strength: float) -> float:
        model = opponent.make(strength, SEED).fit(ngrams.joined(train, kinds), data.train.y)
        models[kinds, strength] = model
        answers = task.answered_by(model, ngrams.joined(validation, kinds))
        return _judged(task, data.validation, answers, data.validation, answers)[metric]

    kinds, strength = chosen(score)
    model = models[kinds, strength]
    answers = task.answered_by(model, ngrams.joined(ngrams.read(vectorisers, tables[2]), kinds))
    known = task.answered_by(model, ngrams.joined(validation, kinds))
    found = _judged(task, data.validation, known, data.test, answers)
    size = len(pickle.dumps(([vectorisers[kind] for kind in kinds], model)))
    return Fitted(found, kinds, strength, size, round(time.process_time() - began, 1))


def chosen(score: Score) -> tuple[tuple[str, ...], float]:
    """Choose n-grams at the middle C, and then C: up, or down, as long as the metric rises."""
    known = {kinds: score(kinds, STRENGTHS[MIDDLE]) for kinds in KINDS}
    kinds = max(known, key=lambda kinds: known[kinds])
    best, value = MIDDLE, known[kinds]
    for way in (1, -1):
        while 0 <= best + way < len(STRENGTHS) and (other := score(kinds, STRENGTHS[best + way])) > value:
            best, value = best + way, other
        if best != MIDDLE:
            break
    return kinds, STRENGTHS[best]


def _judged(task: Task, validation: Rows, known: Outputs, rows: Rows, answers: Outputs) -> dict[str, float]:
    """Judge answers to rows, where what the task decides, such as thresholds, is decided by validation rows."""
    own = task.settled(lambda: known, validation)
    return metrics_of(own, rows, own.decided(answers))
