"""Slipway as one command and one import: each verb is handed to the program that does it.

    slipway VERB …                      ─> verbs.py  ─> app/ or training/, imported when the verb is known
    from slipway import train, load     ─> notebook/ ─> the same, imported when it is called

It needs the standard library alone, so that it starts at once and can say what is missing. It knows no models.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipway.notebook import Bundle, Card, SlipwayError, load, train

__all__ = ["Bundle", "Card", "SlipwayError", "load", "train"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("slipway.notebook"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
