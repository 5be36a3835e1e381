"""Nothing of training but the features themselves knows a type: none is imported elsewhere, nor compared by name."""

import ast
from collections.abc import Iterator

from tests.training.conftest import REPOSITORY
from training.features.registry import FEATURES, feature_types

FOLDER = REPOSITORY / "training"
ROOM = "training.features."
OWN = {where.partition(":")[0] for each in FEATURES.values() for where in (each.where, each.options) if where}
OWN |= {type_.encoder.partition(":")[0] for type_ in feature_types()}
OWN |= {module.rpartition(".")[0] for module in OWN if module.removeprefix(ROOM).count(".")}  # a type's folder
SERVICE = {f"app.features.{name}" for name in FEATURES}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in FOLDER.rglob("*.py"):
        if (FOLDER / "features") not in path.parents:
            yield path.relative_to(REPOSITORY).as_posix(), ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def compared(tree: ast.Module) -> Iterator[object]:
    """Give the constants that something is compared with, alone or in a list."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.MatchValue):
            yield from (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))


def test_the_walk_knows_the_modules_of_the_types() -> None:
    assert {f"{ROOM}number", f"{ROOM}category", f"{ROOM}category.encoder", f"{ROOM}numeric", f"{ROOM}options"} <= OWN


def test_no_types_module_is_imported_outside() -> None:
    found = [
        (path, name)
        for path, tree in modules()
        for name in imported(tree)
        if any(name == own or name.startswith(f"{own}.") for own in OWN | SERVICE)
    ]
    assert not found


def test_no_name_of_a_type_is_compared_with_outside() -> None:
    assert not [(path, word) for path, tree in modules() for word in compared(tree) if word in FEATURES]
