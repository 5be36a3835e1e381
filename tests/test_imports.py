"""The arrow is `training -> app`, and the serving process holds none of training's libraries."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.serving import PATIENCE_S

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "training",
    "tests",
    "tensorflow",
    "keras",
    "pandas",
    "sklearn",
    "matplotlib",
    "onnx",
    "tf2onnx",
    "pyarrow",
}
MODULES = sorted((ROOT / "app").rglob("*.py"))
OFFLINE = {ROOT / "app" / room for room in ("sources", "scoring")}  # of files: they stand on pyarrow
LISTING = """
import importlib, pathlib, sys
commands = {"__init__.py", "check.py", "drift_report.py", "command.py", "choice.py"}  # of `scoring`
for path in pathlib.Path("app").rglob("*.py"):
    offline = "sources" in path.parts or ("scoring" in path.parts and path.name not in commands)
    if path != pathlib.Path("app/__main__.py") and not offline:
        importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def imported(source: str) -> set[str]:
    """The top-level packages that a module's text imports, wherever the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_the_walk_sees_every_kind_of_import() -> None:
    """Plain, from, nested in a function, and with a submodule."""
    source = "import onnx.helper as h\nfrom pandas import x\ndef f():\n    if 1:\n        import keras\n"
    assert imported(source) == {"onnx", "pandas", "keras"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_service_imports_nothing_of_training(module: Path) -> None:
    """Read from the text, so that imports inside functions count."""
    allowed = {"pyarrow"} if OFFLINE & set(module.parents) else set()
    assert not imported(module.read_text()) & FORBIDDEN - allowed


def test_a_serving_process_loads_nothing_of_training() -> None:
    """Read from a real process, so that what libraries import counts as well."""
    listing = subprocess.run(
        [sys.executable, "-c", LISTING], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    loaded = set(listing.stdout.split())
    assert {"app", "onnxruntime", "fastapi"} <= loaded
    assert not loaded & FORBIDDEN
    assert "tokenizers" not in loaded  # a bundle with an encoder asks for it


@pytest.mark.parametrize(
    ("module", "strangers"),
    [
        ("batching/batcher", {"fastapi", "starlette", "uvicorn", "onnxruntime", "numpy", "msgspec"}),
        ("runtime/engine", {"fastapi", "starlette", "uvicorn", "msgspec"}),
        ("runtime/model", {"fastapi", "starlette", "uvicorn"}),
        ("protocols/predict", {"fastapi", "starlette", "uvicorn", "onnxruntime"}),
        ("features/row_reader", {"fastapi", "starlette", "uvicorn", "onnxruntime"}),
        ("features/feature_set", {"fastapi", "starlette", "uvicorn", "onnxruntime"}),
        ("answers/base", {"fastapi", "starlette", "uvicorn", "onnxruntime"}),
        ("bundle/reader", {"fastapi", "starlette", "uvicorn", "onnxruntime"}),
        ("repository/registry", {"fastapi", "starlette", "uvicorn", "onnxruntime"}),
    ],
)
def test_each_part_knows_only_its_own(module: str, strangers: set[str]) -> None:
    """As its docstring promises."""
    assert not imported((ROOT / "app" / f"{module}.py").read_text()) & strangers


def test_the_command_does_not_load_what_fastapi_only_asks_about() -> None:
    """Models of Pydantic 1: 2 MB that nobody uses; who wants them can still have them."""
    code = """import sys, app.__main__
app.__main__.options("serve")
assert "fastapi" in sys.modules and "pydantic.v1" not in sys.modules
import pydantic.v1"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True)
