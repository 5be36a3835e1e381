"""Command-line tools that the tests run: those of the development environment, else those on the PATH.

tool("promtool")      its path
missing("why")        skips the test; where CI decides it fails, for there `.ci/run` installs what tests need
"""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

DEBIAN = {  # tool -> package; `.ci/run` installs them
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "haproxy": "haproxy",
    "docker-compose": "docker-compose",
    "zsh": "zsh",
    "fish": "fish",
    "curl": "curl",
    "openssl": "openssl",
    "nginx": "nginx-light",
    "java": "default-jdk-headless",
    "javac": "default-jdk-headless",
    "node": "nodejs",
    "go": "golang-go",
    "ruby": "ruby",
    "php": "php-cli php-curl",
    "chromium": "chromium",
}


def tool(name: str) -> str:
    """Return the path of a tool; skip the test where nobody packs it for this platform, or the system lacks it."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name, path=_everywhere())
    if found is None and name in DEBIAN:
        missing(f"{name} is missing. On Debian: apt install {DEBIAN[name]}")
    if found is None:
        assert sys.platform != "linux", f"{name} is missing: make the development environment anew"
        pytest.skip(f"{name} is not packed for {sys.platform}")
    return found


def chromium() -> str:
    """Return the path of a browser: a Chrome that is there, or Debian's Chromium. Playwright fetches none."""
    return shutil.which("google-chrome") or tool("chromium")


def missing(reason: str) -> NoReturn:
    """Skip the test for want of something that can be installed; fail it where `CI` is true."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _everywhere() -> str:
    """Debian has some programs where only root's PATH looks."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
