"""Member: a line of a registry, for a type of features or a task: where it is, and where the options that it brings.

Both are resolved when they are first asked for. It knows no member.
"""

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any


@dataclass(frozen=True)
class Member:
    """Two members may name the same class or the same options."""

    where: str  # "module:Class"
    options: str | None = None  # "module:Dataclass", in a module that imports neither pandas nor TensorFlow

    @property
    def room(self) -> type[Any] | None:
        """Return the dataclass of its options; None where it brings none."""
        found: type[Any] | None = None if self.options is None else resolve_name(self.options)
        return found
