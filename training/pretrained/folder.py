"""Folder: an encoder in the layout of Hugging Face, on this machine.

    FOLDER/config.json, model.safetensors, tokenizer.json ─ open_folder ─> Folder, or one message before a fit
    FOLDER/1_Pooling/config.json, if there is one ─> whether a text is its first token, or the mean of all
    Folder ─ reader ─> a session that reads ids, made when it is first asked for

It knows nothing about what the encoder is used for.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.cgroup import effective_cpus
from app.errors import InvalidInput
from app.runtime.engine import Engine
from app.tokens.tokenizer import Tokenizer
from training.errors import DataError
from training.nodes import Nodes
from training.pretrained import architecture, graph
from training.pretrained.architecture import Architecture
from training.pretrained.safetensors import Weights
from training.pretrained.tokens import CHUNK_TEXTS, Tokens
from training.pretrained.weight_names import NamedWeights

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
POOLING, MODES = Path("1_Pooling", "config.json"), "pooling_mode_"
LARGEST_BYTES = {CONFIG: 2**20, WEIGHTS: 8 * 2**30, TOKENIZER: 32 * 2**20}  # of a tokenizer as much as a service reads


@dataclass(frozen=True)
class Folder:
    """A folder whose files fit together."""

    path: Path
    architecture: Architecture
    tokens: Tokens

    @cached_property
    def reader(self) -> Engine:
        """Return a session: `ids` (texts, tokens) int32, or rows of any length -> `vectors` (texts, width) float32."""
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file, self._explained() as weights:
            file.write(graph.model(self.architecture, weights).SerializeToString())
            file.flush()
            return Engine(Path(file.name), max(1, round(effective_cpus())))

    def add(self, nodes: Nodes, ids: str, bits: int) -> str:
        """Add the encoder to a graph, with weights of so many bits, and return the vectors' name."""
        with self._explained() as weights:
            return graph.Reader(nodes, self.architecture, weights, bits).vectors(ids)

    def ids(self, tokens: Sequence[Sequence[int]]) -> NDArray[Any]:
        """Return the tokens of texts as the graph takes them: (texts,) of int32 arrays, padding and 0 exchanged."""
        padding, found = self.architecture.padding, np.empty(len(tokens), object)
        for place, numbers in enumerate(tokens):
            ids = np.array(numbers, np.int32)
            found[place] = np.where(ids == padding, 0, np.where(ids == 0, padding, ids)) if padding else ids
        return found

    def ids_of(self, texts: Sequence[str], longest: int) -> NDArray[Any]:
        """Return the tokens of texts, the `longest` first, as a service makes them: (texts,) of int32 arrays."""
        if longest not in self._tokenizers:
            try:
                content = (self.path / TOKENIZER).read_bytes()
                self._tokenizers[longest] = Tokenizer(content, longest, self.architecture.padding)
            except ValueError as error:
                where = f"{self.path / TOKENIZER} for {longest} tokens (--encoder-tokens)"
                raise DataError(f"Invalid {where}: {error}.") from error
        found = np.empty(len(texts), object)
        try:
            for start in range(0, len(texts), CHUNK_TEXTS):
                chunk = self._tokenizers[longest].ids(texts[start : start + CHUNK_TEXTS])
                for place, ids in enumerate(chunk, start):
                    found[place] = ids
        except InvalidInput as error:
            said = f"expected a tokenizer of any text. Received: {error.__cause__}"
            raise DataError(f"Invalid {self.path / TOKENIZER}: {said}.") from error
        return found

    @cached_property
    def _tokenizers(self) -> dict[int, Tokenizer]:
        return {}

    @cached_property
    def read(self) -> dict[bytes, NDArray[np.float32]]:
        """Keep the vectors of texts that were read, by their ids: the same are asked for by stages, folds and seeds."""
        return {}

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the weights, by which a person finds them again."""
        with (self.path / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def _explained(self) -> Iterator[NamedWeights]:
        """Give the weights, and say whose fault it is where they do not fit."""
        where = self.path / WEIGHTS
        weights = NamedWeights(Weights(where), self.architecture.family)
        try:
            yield weights
        except DataError as error:
            raise DataError(f"{where}: {error}") from error


def open_folder(path: Path) -> Folder:
    """Return the encoder of a folder, or raise a DataError that says what is missing in it."""
    for name, largest in LARGEST_BYTES.items():
        check_file(path / name, largest)
    config = read_config(path / CONFIG)
    try:
        found = architecture.of(config)
    except DataError as error:
        raise DataError(f"{path / CONFIG}: {error}") from error
    found = replace(found, pools_first=pools_first(path / POOLING))
    tokens = Tokens(path / TOKENIZER, found.longest)
    if len(tokens) > found.vocabulary:
        raise DataError(
            f"Invalid {path / TOKENIZER}: expected at most {found.vocabulary} tokens. Received: {len(tokens)}."
        )
    return Folder(path, found, tokens)


def pools_first(path: Path) -> bool:
    """Say whether the first token's vector is that of a text, as a file of Sentence Transformers says; else the mean.

    Raises a DataError for another way.
    """
    if not path.is_file():
        return False
    check_file(path, LARGEST_BYTES[CONFIG])
    config = read_config(path)
    ways = sorted(name.removeprefix(MODES) for name, on in config.items() if name.startswith(MODES) and on is True)
    if ways not in (["cls_token"], ["mean_tokens"]):
        raise DataError(f"Invalid {path}: expected {MODES}cls_token or {MODES}mean_tokens. Received: {ways}.")
    return ways == ["cls_token"]


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
        raise DataError(f"Invalid {path}: expected JSON. Received: {error}.") from error
    if not isinstance(found, dict):
        raise DataError(f"Invalid {path}: expected an object. Received: {type(found).__name__}.")
    return found
