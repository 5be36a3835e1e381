"""The engines by name: a line each; what is not named is not imported."""

import importlib

from app.scoring.engines.base import Engine
from app.scoring.errors import Refused

ENGINES = {name: f"app.scoring.engines.{name}" for name in ("here", "index", "ray", "spark")}
PACKAGES = {"ray": "ray", "spark": "pyspark"}  # what an engine needs beyond the extra `score`


def engine_of(name: str) -> Engine:
    """Import an engine; raises `Refused` where its package is not installed."""
    try:
        found: Engine = importlib.import_module(ENGINES[name])
    except ModuleNotFoundError as error:
        package = PACKAGES.get(name, error.name)
        expected = f"the package `{package}`, in the cluster's version (pip install {package})"
        raise Refused(f"`--engine {name}`: expected {expected}. Received: {error}.") from error
    return found
