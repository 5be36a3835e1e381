"""What all tests share, in whichever folder they stand and however many workers run them.

names        parametrized bytes are named by their argument: each worker must give a test the same name
hypothesis   tries the same cases in every run, and none has to be quick; `--hypothesis-profile=wander` tries others
httpx        waits as long as every other client of the tests
--quick      the tests for daily work, chosen by `tests/support/quick.py`
"""

from typing import Any

import httpx
import pytest
from hypothesis import settings

from tests.support.quick import Quick
from tests.support.serving import PATIENCE_S

settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.register_profile("wander", deadline=None)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only tests that start no process and import no TensorFlow")


def pytest_configure(config: pytest.Config) -> None:
    _wait_as_long(httpx.Client().timeout)
    if config.getoption("--quick"):
        config.pluginmanager.register(Quick())


def _wait_as_long(default: httpx.Timeout) -> None:
    """Change httpx's default in place: its 5 seconds are few on a machine that is slow and busy."""
    for part in ("connect", "read", "write", "pool"):
        setattr(default, part, PATIENCE_S)


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """Name bytes by their argument, and let pytest count them: what gzip writes holds the time, and so differs."""
    return argname if isinstance(val, bytes) and not val.isascii() else None
