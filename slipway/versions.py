"""What a report of a fault should say: versions of Slipway, of Python and of the libraries that matter.

    text()    installed packages ─> a line each; none of them is imported, for TensorFlow takes seconds

It knows nothing about what the libraries are for.
"""

import platform
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    *("onnxruntime", "numpy", "msgspec", "fastapi", "uvicorn", "grpcio"),
    *("tensorflow", "keras", "tf2onnx", "pandas", "scikit-learn"),
)
PROJECT = Path(__file__).parent.parent / "pyproject.toml"  # beside a checkout, not beside an installed package


def text() -> str:
    """Return the versions, a line each."""
    found = {
        "slipway": own(),
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "platform": platform.platform(),
        **{name: _installed(name) for name in LIBRARIES},
    }
    width = max(map(len, found))
    return "\n".join([f"{name:{width}}  {value}" for name, value in found.items()])


def own() -> str:
    """Return the version of Slipway; a checkout says that it is one."""
    if PROJECT.exists():
        return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]) + " (checkout)"
    return _installed("slipway")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
