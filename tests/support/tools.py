"""Command-line tools that the tests run: those of the development environment, else those on the PATH."""

import shutil
import sys
from pathlib import Path

import pytest

DEBIAN = {"promtool": "prometheus", "prometheus": "prometheus"}  # tool -> package; `.ci/run` installs them


def tool(name: str) -> str:
    """Return the path of a tool; skip the test where nobody packs it for this platform, or the system lacks it."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None and name in DEBIAN:
        pytest.skip(f"{name} is missing. On Debian: apt install {DEBIAN[name]}")
    if found is None:
        assert sys.platform != "linux", f"{name} is missing: make the development environment anew"
        pytest.skip(f"{name} is not packed for {sys.platform}")
    return found
