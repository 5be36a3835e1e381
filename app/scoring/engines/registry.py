"""The engines by name: a line each; what is not named is not imported."""

import importlib

from app.scoring.engines.base import Engine

ENGINES = {"here": "app.scoring.engines.here"}


def engine_of(name: str) -> Engine:
    """Import an engine."""
    found: Engine = importlib.import_module(ENGINES[name])
    return found
