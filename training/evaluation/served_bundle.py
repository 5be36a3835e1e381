"""Served: a bundle as the service runs it, without the service.

It is read by `app.bundle.reader`, checked and assembled by the service's types and run by the service's engine, so
what is measured through it is what callers get. It knows nothing about files of data or metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from app.bundle import reader
from app.bundle.manifest import Manifest
from app.bundle.reader import Bundle
from app.bundle.sealed_file import hold
from app.features.row_reader import RowReader
from app.runtime.engine import Engine
from app.runtime.golden_check import prove
from training.columns.arrays import Outputs
from training.tasks.base import Task
from training.tasks.registry import task_class

MAX_ROWS = 4096  # of one run; the service itself takes fewer

Instance = Mapping[str, Any]  # feature -> value; missing ones left out


@dataclass(frozen=True)
class Served:
    """A version that answers."""

    bundle: Bundle
    reader: RowReader
    engine: Engine

    @property
    def manifest(self) -> Manifest:
        return self.bundle.manifest

    @property
    def name(self) -> str:
        return f"{self.manifest.name}/{self.manifest.version}"

    @property
    def task(self) -> Task:
        return task_class(self.manifest.task).of_answer(to_builtins(self.manifest.answer))

    def answer(self, instances: Sequence[Instance]) -> Outputs:
        """Answer a row each; raise a ValueError when the service would refuse one of them."""
        return self.engine.run_named(self.reader.rows([dict(instance) for instance in instances]).arrays())


def load(folder: Path) -> Served:
    """Read, verify and prove a bundle; a BundleError says which file, what was expected and what was found."""
    bundle = reader.read(folder, trusted=[reader.MODEL])
    manifest = bundle.manifest
    row_reader = RowReader(bundle.features, MAX_ROWS)
    with hold(bundle.model_path, reader.MODEL_MAX_BYTES) as content:
        bundle.check_model(content.sha256)
        engine = Engine(content, threads=1)
    engine.check(manifest.inputs, manifest.outputs)
    prove(bundle, row_reader, engine)
    return Served(bundle, row_reader, engine)
