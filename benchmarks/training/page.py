"""A page of figures: how to repeat it, where it was measured, and the figures themselves beside it.

    made_by(words, libraries)      the line that every page begins with
    verdict(value, must, hope)     "hoped for", "holds" or "missed"
    write(name, text, figures)     the page ─> the console and benchmarks/NAME.md, the figures ─> benchmarks/NAME.json

It knows nothing of what was measured.
"""

import json
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness import results_store

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
LIBRARIES = ("tensorflow", "keras", "scikit-learn", "onnxruntime")


def made_by(words: str, libraries: Mapping[str, str]) -> str:
    """Name the command, the commit, the machine and the versions."""
    versions = ", ".join(f"{name} {libraries[name]}" for name in LIBRARIES)
    return f"`python -m benchmarks.training.{words}`, commit {commit()}, {machine()}, {versions}."


def verdict(value: float, must: float, hope: float) -> str:
    """Say how a value stands of which less is better."""
    return "hoped for" if value <= hope else "holds" if value <= must else "missed"


def write(name: str, text: str, figures: Mapping[str, Any]) -> None:
    """Print the page, and keep it with its figures."""
    print(text)
    (FOLDER / f"{name}.md").write_text(text)
    where = {"commit": commit(), "machine": machine()}
    (FOLDER / f"{name}.json").write_text(json.dumps({**where, **figures}, indent=1) + "\n")


def commit() -> str:
    """Name the commit, and say when the tree has moved on from it."""
    argv = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def machine() -> str:
    """Name the processor, the cores and the Python."""
    found = results_store.machine()
    return f"{found['cpu']}, {found['cores']} cores, Python {platform.python_version()}"
