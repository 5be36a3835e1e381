"""The tests for daily work: those that start no process and import no TensorFlow.

    --quick ─> leave out what imports training, and cases by the thousand ─> leave out what reaches a process

Nobody keeps a list. What a test reaches is read from its code: the names it uses, those that the helpers and fixtures
behind these names use, and so on, as far as this repository's tests and benchmarks go. What imports TensorFlow all the
same fails.
"""

import multiprocessing
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import pytest

FOLDERS = {Path(__file__).parents[1] / folder for folder in ("training", "fuzz", "end_to_end", "seams")}
IMPORTS_TRAINING = re.compile(r"^(from|import) (benchmarks\.)?training\b", re.MULTILINE)
STARTS_A_PROCESS = {subprocess, multiprocessing}
STARTS_BY_NAME = {
    "create_subprocess_exec",
    "create_subprocess_shell",
    "fork",
    "posix_spawn",
    "NotebookClient",
    "sync_playwright",
}
OURS = ("tests", "benchmarks", "monitoring")


class Quick:
    """The hooks of a quick run."""

    def pytest_configure(self) -> None:
        sys.meta_path.insert(0, NoTensorFlow())

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
        left_out = collection_path in FOLDERS or (is_test and IMPORTS_TRAINING.search(collection_path.read_text()))
        return True if left_out else None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        slow = [item for item in items if _takes_too_long(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


class NoTensorFlow(Loader):
    """Stands first among the finders of modules: a test may ask whether one module is there, but not import it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name == "tensorflow" else None

    def exec_module(self, module: ModuleType) -> None:
        raise ImportError("a quick run imports no TensorFlow: what does so belongs to tests/training")


def _takes_too_long(item: pytest.Item) -> bool:
    fixtures: dict[str, Any] = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009  (it has no public name)
    sources = [getattr(item, "obj", None), *(each.func for found in fixtures.values() for each in found)]
    return any(reaches_what_takes_long(source) for source in sources if source is not None)


def reaches_what_takes_long(source: Callable[..., Any]) -> bool:
    """Whether a function names what starts a process or imports training, itself or by what it calls."""
    seen: set[int] = set()
    waiting: list[Any] = [source]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for name, value in _used(one):
            if _takes_long(name, value):
                return True
            waiting.append(value)
    return False


def _takes_long(name: str, value: Any) -> bool:
    imports_training = name.startswith("training.")  # within a function
    return imports_training or name in STARTS_BY_NAME or (isinstance(value, ModuleType) and value in STARTS_A_PROCESS)


def _used(one: Any) -> Iterator[tuple[str, Any]]:
    """What a function or class of ours uses: names of its module, and of modules of ours that it names."""
    if isinstance(one, type) and _ours(one):
        yield from ((base.__name__, base) for base in one.__bases__)
        yield from ((name, value) for name, value in vars(one).items() if isinstance(value, FunctionType | property))
    function = _function(one)
    if function is None or not _ours(function):
        return
    names = _names(function.__code__)
    found = {name: function.__globals__[name] for name in names & function.__globals__.keys()}
    yield from found.items()
    yield from ((name, None) for name in names if _takes_long(name, None))
    for module in found.values():
        if isinstance(module, ModuleType) and module.__name__.startswith(OURS):
            yield from ((name, getattr(module, name)) for name in names if hasattr(module, name))


def _function(one: Any) -> FunctionType | None:
    one = one.fget if isinstance(one, property) else one.__func__ if isinstance(one, MethodType) else one
    while hasattr(one, "__wrapped__"):
        one = one.__wrapped__
    return one if isinstance(one, FunctionType) else None


def _ours(one: Any) -> bool:
    return str(getattr(one, "__module__", "")).startswith(OURS)


@cache
def _names(code: CodeType) -> frozenset[str]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return frozenset(code.co_names).union(*map(_names, inner))
