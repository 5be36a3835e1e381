"""Checkpoints: the state of a fit -> a file that outlives a kill at any moment, and back.

    state ─ write beside ─ flush to the disk ─ rename ─> <folder>/epoch-000012.npz     (the last two stay)
    newest whole file of the same run ─> state

A file holds arrays, and as JSON what they belong to: no pickle. It is read whole or not at all: the format has a
checksum for each array, and a file that fails it is passed over for the one before.
It knows nothing about what the arrays mean.
"""

import importlib.metadata
import json
import os
import time
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.identity import data_sha256
from training.errors import DataError
from training.options import Options, by_name

GENERATIONS = 2
FACTS = "facts"  # the member that holds JSON
LIBRARIES = ("tensorflow", "keras")  # another version may keep other state, or draw other numbers


@dataclass(frozen=True)
class State:
    """A fit between two epochs."""

    epochs: int  # done
    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any]  # whatever JSON holds, NaN too
    saved_s: float = 0.0  # when, in seconds of the epoch; set when it is saved


def free() -> set[str]:
    """Name the options that do not change what is learned."""
    return {name for name, one in by_name().items() if not one.words.learned}


def run_of(options: Options) -> dict[str, Any]:
    """Say what makes a run this run: options, the data's hash and the libraries' versions, as JSON holds them."""
    chosen = {name: value for name, value in options.values().items() if name not in free()}
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    facts = {**chosen, "data": data_sha256(options.data.path), **versions}
    run: dict[str, Any] = json.loads(json.dumps(facts, default=str))
    return run


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run in a folder of its own."""

    folder: Path
    run: Mapping[str, Any]

    def save(self, state: State) -> None:
        """Write a generation whole or not at all, and drop the one before the last."""
        self.folder.mkdir(parents=True, exist_ok=True)
        said = json.dumps({"run": self.run, "epochs": state.epochs, "saved_s": time.time(), "facts": state.facts})
        beside = self.folder / "writing.tmp"
        with beside.open("wb") as file:
            np.savez(file, **{FACTS: np.frombuffer(said.encode(), np.uint8)}, **state.arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.folder / f"epoch-{state.epochs:06d}.npz")
        _flush_folder(self.folder)
        for old in self._files()[GENERATIONS:]:
            old.unlink()

    def newest(self) -> State | None:
        """Return the last state that was written whole, if any; a DataError says how another run's differs."""
        found = next((content for path in self._files() if (content := _read(path))), None)
        if found is None:
            return None
        said, arrays = found
        self._check(said["run"])
        return State(said["epochs"], arrays, said["facts"], said["saved_s"])

    def remove(self) -> None:
        for path in [*self._files(), self.folder / "writing.tmp"]:
            path.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("epoch-*.npz"), reverse=True)

    def _check(self, theirs: Mapping[str, Any]) -> None:
        pairs = ((name, theirs.get(name), self.run.get(name)) for name in {**self.run, **theirs})
        different = [f"{name} (there {there}, here {here})" for name, there, here in pairs if there != here]
        if different:
            raise DataError(
                f"`--checkpoints`: expected checkpoints of this run. Received: {self.folder}, whose run differs in "
                f"{', '.join(different)}. Repeat that run, or name another folder."
            )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
            arrays = {name: members[name] for name in members.files}
        return json.loads(arrays.pop(FACTS).tobytes()), arrays
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        return None


def _flush_folder(folder: Path) -> None:
    """Make the rename last beyond a loss of power, where folders can be flushed."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
