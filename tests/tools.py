"""Command-line tools that the tests run: those of the development environment, else those on the PATH."""

import shutil
import sys
from pathlib import Path

import pytest


def tool(name: str) -> str:
    """Return the path of a tool; where nobody packs it for this platform, the test is skipped."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        assert sys.platform != "linux", f"{name} is missing: make the development environment anew"
        pytest.skip(f"{name} is not packed for {sys.platform}")
    return found
