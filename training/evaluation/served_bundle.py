"""Served: a bundle as the service runs it, without the service.

It is loaded, and rows are read, checked and answered, by `app.scoring.scorer`, which is the code of the service and
of `app score`, so what is measured through it is what callers get. It knows nothing about files of data or metrics.
"""

from dataclasses import dataclass
from pathlib import Path

from msgspec import to_builtins

from app.bundle.manifest import Manifest
from app.bundle.reader import Bundle
from app.features.row_reader import RowReader
from app.scoring.scorer import Scorer, load_scorer
from training.tasks.base import Task
from training.tasks.registry import task_class


@dataclass(frozen=True)
class Served:
    """A version that answers."""

    bundle: Bundle
    scorer: Scorer

    @property
    def manifest(self) -> Manifest:
        return self.bundle.manifest

    @property
    def reader(self) -> RowReader:
        return self.scorer.model.row_reader

    @property
    def name(self) -> str:
        return f"{self.manifest.name}/{self.manifest.version}"

    @property
    def task(self) -> Task:
        return task_class(self.manifest.task).of_answer(to_builtins(self.manifest.answer))


def load(folder: Path) -> Served:
    """Read, verify and prove a bundle; a BundleError says which file, what was expected and what was found."""
    scorer = load_scorer(folder)
    assert scorer.model.bundle is not None  # or the scorer would have refused it
    return Served(scorer.model.bundle, scorer)
