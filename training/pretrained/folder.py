"""Folder: an encoder in the layout of Hugging Face, on this machine.

    FOLDER/config.json, model.safetensors, tokenizer.json ─ open_folder ─> Folder, or one message before a fit
    Folder ─ model ─> Keras, built when it is first asked for

It knows nothing about what the encoder is used for.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError
from training.pretrained import architecture
from training.pretrained.architecture import Architecture
from training.pretrained.safetensors import Weights
from training.pretrained.tokens import Tokens
from training.pretrained.weight_names import NamedWeights

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
LARGEST_BYTES = {CONFIG: 2**20, WEIGHTS: 8 * 2**30, TOKENIZER: 128 * 2**20}


@dataclass(frozen=True)
class Folder:
    """A folder whose files fit together."""

    path: Path
    architecture: Architecture
    tokens: Tokens

    @cached_property
    def model(self) -> Any:
        """Return the Keras model: ids of (batch, tokens) int32 -> (batch, width) float32."""
        from training.pretrained.transformer import transformer  # noqa: PLC0415  # imports TensorFlow

        weights = NamedWeights(Weights(self.path / WEIGHTS), self.architecture.family)
        try:
            return transformer(self.architecture, weights)
        except DataError as error:
            raise DataError(f"{self.path / WEIGHTS}: {error}") from error

    @cached_property
    def read_words(self) -> dict[str, NDArray[np.float32]]:
        """Keep the vectors of words that were read: the same are asked for by columns, folds and seeds."""
        return {}

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the weights, by which a person finds them again."""
        with (self.path / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def open_folder(path: Path) -> Folder:
    """Return the encoder of a folder, or raise a DataError that says what is missing in it."""
    for name, largest in LARGEST_BYTES.items():
        check_file(path / name, largest)
    try:
        found = architecture.of(read_config(path / CONFIG))
    except DataError as error:
        raise DataError(f"{path / CONFIG}: {error}") from error
    tokens = Tokens(path / TOKENIZER, found.longest)
    if len(tokens) > found.vocabulary:
        raise DataError(
            f"Invalid {path / TOKENIZER}: expected at most {found.vocabulary} tokens. Received: {len(tokens)}."
        )
    return Folder(path, found, tokens)


def check_file(path: Path, largest: int) -> None:
    """Raise a DataError where a file is missing or larger than that."""
    if not path.is_file():
        raise DataError(f"Invalid encoder: expected the files {', '.join(LARGEST_BYTES)}. Missing: {path}.")
    if (received := path.stat().st_size) > largest:
        raise DataError(f"Invalid {path}: expected at most {largest} bytes. Received: {received}.")


def read_config(path: Path) -> dict[str, Any]:
    """Return what config.json says, or raise a DataError."""
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"expected JSON. Received: {error}.") from error
    if not isinstance(found, dict):
        raise DataError(f"expected an object. Received: {type(found).__name__}.")
    return found
