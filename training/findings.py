"""Findings: what judging a model found, for the card, the manifest and the console.

It knows nothing about how any of it was computed, nor how it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from training.task import Metrics


@dataclass(frozen=True, kw_only=True)
class Findings:
    """How good the shipped graph is, and beside what."""

    scores: Mapping[str, Metrics]  # model -> its metrics on the test split
    outputs: NDArray[Any]  # (test rows, outputs) of the shipped graph
