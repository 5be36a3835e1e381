"""Adjustment: what is changed about a fitted network by the validation rows, and folded into its last weights.

Nothing is added to the graph, so every protocol, the drift and the feedback see the same answers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Adjustment:
    """How what the trunk says becomes what is served: `scale * said + shift`; a task adds what it knows of it."""

    scale: float = 1.0
    shift: NDArray[Any] | float = 0.0  # (outputs,)

    @property
    def changes(self) -> bool:
        return self.scale != 1 or bool(np.any(self.shift))

    def facts(self) -> dict[str, Any]:
        """Return what the manifest keeps of it; a caller can undo it by these numbers."""
        return {}

    def said(self) -> list[tuple[str, str]]:
        """Return what a person is told while the model is trained: titles and sentences."""
        return []
