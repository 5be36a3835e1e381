"""No type of features, no type of answers and no task is named outside its own room and the registries."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.answers.registry import ANSWERS
from app.features.registry import FEATURES
from training.features.registry import FEATURES as TRAINED_FEATURES
from training.tasks.registry import TASKS

ROOT = Path(__file__).parents[1]
ROOMS = ("app/features", "app/answers", "training/features", "training/tasks")
MEMBERS = (*TRAINED_FEATURES.values(), *TASKS.values())
NAMES = {*FEATURES, *ANSWERS, *TRAINED_FEATURES, *TASKS}
PLACES = [*FEATURES.values(), *ANSWERS.values(), *(one.where for one in MEMBERS), *(one.options for one in MEMBERS)]
HOMES = {where.partition(":")[0] for where in PLACES if where}
FOREIGN = {  # file -> words that mean something else there: of bundle format 1, kinds of cells, forms of a log
    "app/bundle/format1.py": {"regression"},
    "app/sources/tally/tally.py": {"text"},
    "app/sources/tally/verdict.py": {"text"},
    "app/telemetry/log_format.py": {"text"},
}


def outside() -> list[Path]:
    """Every module of app, training and slipway that stands in none of the four rooms."""
    files = [path for tree in ("app", "training", "slipway") for path in sorted((ROOT / tree).rglob("*.py"))]
    return [path for path in files if not path.relative_to(ROOT).as_posix().startswith(ROOMS)]


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def compared(tree: ast.AST) -> Iterator[str]:
    """Every text that something is compared with: by an operator, in a literal collection, or in a case."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                parts = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
                yield from (str(p.value) for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str))
        elif isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def test_the_walk_sees_every_form() -> None:
    """Operators on both sides, literal collections, cases; imports of a module, from it, and inside a function."""
    source = 'def f(x):\n    import a.b\n    from c import d\n    match x:\n        case "p": ...\n'
    tree = ast.parse(source + 'x == "q"\n"r" != x\nx in ("s", "t")\nx not in {"u"}\n')
    assert set(compared(tree)) == set("pqrstu")
    assert {"a.b", "c", "c.d"} <= set(imports(tree))


@pytest.mark.parametrize("path", outside(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_outside_the_rooms_knows_a_member(path: Path) -> None:
    """It neither imports a type's or a task's module nor compares with its name."""
    tree = ast.parse(path.read_text())
    assert not HOMES & set(imports(tree))
    assert not NAMES & set(compared(tree)) - FOREIGN.get(path.relative_to(ROOT).as_posix(), set())
