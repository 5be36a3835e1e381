"""Readings: what a frozen encoder makes of whole texts, beside the bag of their n-grams.

    texts ─ tokens ─> ids, (rows, columns) of int32 arrays ─ read ─ of unit length, around the mean ─> (rows, width)
    directions (width, outputs) ─ with mean and length ─> kernel and bias behind the encoder, where texts are answered

What a reading says is linear, as what n-grams say. Tokens are made outside the graph: theirs is another library.
It knows nothing about networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.features.text.options import TextOptions
from training.features.text.vectors import opened
from training.pretrained.folder import TOKENIZER, Folder
from training.pretrained.read import vectors_of_ids

TENSOR = "text_tokens"
TINY = np.finfo(np.float32).tiny
LEAST_LENGTH = 0.05  # of the mean's own: what differs less is rounding, and would be taken for what texts say


@dataclass(frozen=True, eq=False)
class Reading:
    """How a column of texts is read."""

    path: Path  # folder of the encoder
    longest: int  # tokens of a text; what follows is not read
    mean: NDArray[np.float32]  # (width,) of training texts
    length: float  # root of the mean squared distance from it
    source: str  # SHA-256 of the encoder's weights

    @classmethod
    def of(cls, texts: Sequence[str], options: TextOptions) -> "Reading":
        """Learn where the vectors of training texts lie."""
        assert options.encoder is not None
        folder = opened(options.encoder)
        longest = min(options.encoder_tokens, folder.architecture.longest)
        read = unit_vectors(folder, folder.ids_of(texts or [""], longest))
        mean = read.mean(axis=0)
        length = np.sqrt(np.square(read - mean, dtype=np.float64).sum(axis=1).mean())
        least = LEAST_LENGTH * np.linalg.norm(mean)
        return cls(options.encoder, longest, mean, float(max(length, least, LEAST_LENGTH)), folder.digest)

    @property
    def folder(self) -> Folder:
        return opened(self.path)

    def tokens(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return the ids of texts: (texts,) of int32 arrays."""
        return self.folder.ids_of(texts, self.longest)

    def vectors(self, tokens: NDArray[Any]) -> NDArray[np.float32]:
        """Return what texts are, around the mean of training: (texts, width)."""
        return (unit_vectors(self.folder, tokens) - self.mean) / np.float32(self.length)

    def manifest(self) -> dict[str, Any]:
        """Return what a service must know to make the same tokens."""
        padding = self.folder.architecture.padding
        return {"tensor": TENSOR, "file": TOKENIZER, "longest": self.longest, "padding": padding}

    def file(self) -> bytes:
        return (self.path / TOKENIZER).read_bytes()


def unit_vectors(folder: Folder, ids: NDArray[Any]) -> NDArray[np.float32]:
    """Return where the vector of each text points: (texts, width). Its length says how a text is written."""
    read = vectors_of_ids(folder, ids)
    found: NDArray[np.float32] = read / np.maximum(np.linalg.norm(read, axis=1, keepdims=True), TINY)
    return found


class Readings:
    """The readings of all columns that are read, side by side; `width` is 0 where there are none."""

    def __init__(self, each: Sequence[Reading], weight: float) -> None:
        self.each = each
        self.width = sum(len(reading.mean) for reading in self.each)
        self._weight = np.float32(weight)

    def vectors(self, tokens: NDArray[Any]) -> NDArray[np.float32]:
        """Return what the texts of each row are, of (rows, columns) of ids: (rows, width)."""
        parts = [reading.vectors(tokens[:, place]) for place, reading in enumerate(self.each)]
        return self._weight * np.concatenate(parts, axis=1)

    def behind(self, directions: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return (width, outputs) and (outputs,): what directions say of vectors as the encoder gives them."""
        lengths = np.concatenate([np.full(len(reading.mean), reading.length, np.float32) for reading in self.each])
        kernel = (directions * (self._weight / lengths)[:, None]).astype(np.float32)
        bias: NDArray[np.float32] = -np.concatenate([reading.mean for reading in self.each]) @ kernel
        return kernel, bias
