"""Nothing of training but the tasks themselves knows a task: none is imported elsewhere, nor compared with by name."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.training.conftest import REPOSITORY
from training.tasks.registry import TASKS

FOLDER = REPOSITORY / "training"
OWN = {
    where.partition(":")[0].rpartition(".")[0] for where in (member.where for member in TASKS.values())
}  # training.tasks.label, …
OPTION_MODULES = {member.options.partition(":")[0] for member in TASKS.values() if member.options}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in FOLDER.rglob("*.py"):
        if (FOLDER / "tasks") not in path.parents:
            yield path, ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_tasks_module_is_imported_outside() -> None:
    found = [
        (str(path), name)
        for path, tree in modules()
        for name in imported(tree)
        if name in OPTION_MODULES or any(name == own or name.startswith(f"{own}.") for own in OWN)
    ]
    assert not found


def test_no_name_of_a_task_is_written_outside() -> None:
    words = [
        (str(path), node.value)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in TASKS
    ]
    assert not words


def test_no_stage_asks_for_labels_to_know_which_task_it_is() -> None:
    asked = [
        str(path)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "labels" and "task" in ast.unparse(node.value)
    ]
    assert not asked
