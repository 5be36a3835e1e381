"""Texts: opponents that read texts, and the columns beside them, by TF-IDF and a linear model.

    a sample of the training rows ─ kinds of n-grams, strengths; judged on validation rows ─> Choice of each model
    the training rows, or as many as the bound lets through ─ n-grams, model ─> Baseline

The strength of a fit is climbed from the middle, as long as the task's main metric rises.
It knows nothing about how n-grams are counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from training.columns.arrays import Outputs, Rows, spread_places
from training.evaluation.baselines import ngrams
from training.evaluation.baselines.baseline import Baseline, Material
from training.evaluation.baselines.columns import weighing
from training.evaluation.baselines.ngrams import CHARACTERS, WORDS, Sparse, Vectoriser
from training.tasks.base import Task
from training.tasks.parts import Opponent

KINDS = ((WORDS, CHARACTERS), (CHARACTERS,), (WORDS,))  # that are tried; the first where nothing is chosen


@dataclass(frozen=True)
class Bound:
    """How much is read: a fit takes some 20 to 70 µs for a row and label, n-grams about 4 µs a character."""

    answers: int  # rows x labels
    characters: int


CHOSEN_BY, FITTED_ON = Bound(200_000, 2_000_000), Bound(2_000_000, 20_000_000)


@dataclass(frozen=True)
class Choice:
    """Which n-grams a model reads, and how strongly it may fit."""

    kinds: tuple[str, ...]
    strength: float

    def __str__(self) -> str:
        return f"{' and '.join(self.kinds)}, strength {self.strength:g}"


@dataclass(frozen=True)
class Corpus:
    """Rows, and what was read out of them."""

    rows: Rows
    vectorisers: Mapping[str, Vectoriser]
    vectors: Mapping[str, Sparse]
    models: dict[tuple[str, Choice], Any] = field(default_factory=dict)  # that were fitted, by opponent

    @classmethod
    def of(cls, rows: Rows, material: Material, kinds: Sequence[str]) -> "Corpus":
        return cls(rows, *ngrams.fitted(material.features.table(rows.arrays), kinds))

    def fit(self, opponent: Opponent, choice: Choice, seed: int) -> Any:
        """Fit a model on these rows, once."""
        if (opponent.name, choice) not in self.models:
            matrix, weighed = (
                ngrams.joined(self.vectors, choice.kinds),
                weighing("sample_weight", self.rows.relative_weights),
            )
            self.models[opponent.name, choice] = opponent.make(choice.strength, seed).fit(
                matrix, self.rows.y, **weighed
            )
        return self.models[opponent.name, choice]


def fitted(opponents: Sequence[Opponent], material: Material) -> Mapping[str, Baseline]:
    """Choose by validation rows, and fit each on as many training rows as the bound lets through."""
    train, sample = (_some(material.train, material, bound) for bound in (FITTED_ON, CHOSEN_BY))
    choices = {one.name: Choice(KINDS[0], middle(one.strengths)) for one in opponents}
    corpus = None
    if material.validation is not None:
        corpus = Corpus.of(sample, material, KINDS[0])
        choices = _choices(opponents, corpus, material)
    if corpus is None or len(sample) != len(train):
        corpus = Corpus.of(train, material, sorted({kind for choice in choices.values() for kind in choice.kinds}))
    return {one.name: _baseline(one, choices[one.name], corpus, material) for one in opponents}


def _baseline(opponent: Opponent, choice: Choice, corpus: Corpus, material: Material) -> Baseline:
    model, task, features = corpus.fit(opponent, choice, material.seed), material.task, material.features
    read_by = {kind: corpus.vectorisers[kind] for kind in (*choice.kinds, ngrams.COLUMNS)}

    def answer(rows: Rows) -> Outputs:
        vectors = ngrams.read(read_by, features.table(rows.arrays))
        return task.answered_by(model, ngrams.joined(vectors, choice.kinds))

    learned, there = len(corpus.rows), len(material.train)
    return Baseline(answer, f"{choice}" + (f", fitted on {learned:,} of {there:,} rows" if learned < there else ""))


def _choices(opponents: Sequence[Opponent], corpus: Corpus, material: Material) -> dict[str, Choice]:
    """Choose the n-grams by the strongest opponent, and for each how strongly it may fit."""
    assert material.validation is not None
    judged = _some(material.validation, material, CHOSEN_BY)
    vectors = ngrams.read(corpus.vectorisers, material.features.table(judged.arrays))
    known: dict[tuple[str, Choice], float] = {}

    def score(opponent: Opponent, choice: Choice) -> float:
        if (opponent.name, choice) not in known:
            model = corpus.fit(opponent, choice, material.seed)
            answers = material.task.answered_by(model, ngrams.joined(vectors, choice.kinds))
            known[opponent.name, choice] = judge(material.task, answers, judged)
        return known[opponent.name, choice]

    first = opponents[-1]
    kinds = max(KINDS, key=lambda kinds: score(first, Choice(kinds, middle(first.strengths))))
    return {one.name: _climbed(one, kinds, partial(score, one)) for one in opponents}


def _climbed(opponent: Opponent, kinds: tuple[str, ...], score: Callable[[Choice], float]) -> Choice:
    """Go from the middle strength to stronger or weaker ones while they are better."""
    steps = [Choice(kinds, strength) for strength in opponent.strengths]
    at = best = len(steps) // 2
    for way in (1, -1):
        while 0 <= best + way < len(steps) and score(steps[best + way]) > score(steps[best]):
            best += way
        if best != at:
            break
    return steps[best]


def judge(task: Task, answers: Outputs, rows: Rows) -> float:
    """Return the main metric of answers to validation rows, with what the task decides by them."""
    own = task.settled(lambda: answers, rows)
    value = own.evaluate(rows.y, own.decided(answers), rows.weights)[own.main_metric]
    return -value if own.main_metric in own.errors else value


def middle(strengths: Sequence[float]) -> float:
    """Return the strength that is tried first."""
    return strengths[len(strengths) // 2]


def _some(rows: Rows, material: Material, bound: Bound) -> Rows:
    """Return all rows, or as many from all over them as the bound lets through."""
    texts = material.features.table(rows.arrays).texts
    characters = sum(map(len, texts.ravel().tolist()))
    share = min(1.0, bound.answers / (len(rows) * material.task.width), bound.characters / max(characters, 1))
    return rows if share == 1 else rows.take(spread_places(len(rows), max(int(share * len(rows)), 1)))
