"""The verbs: which program does each, what it needs, and an example.

    run(verb, words)    is what it needs installed? ─> the program's own `run`, or a message and exit code 2

A program is a package whose `__main__` offers `run(verb, words, program)` and `options(verb)`.
"""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import Any

USAGE_ERROR = 2


@dataclass(frozen=True)
class Verb:
    """One thing that people do with Slipway."""

    package: str  # whose `__main__` does it
    summary: str
    example: str  # what may stand behind it
    needs: tuple[str, ...]  # packages without which it cannot begin
    install: str = "slipway"  # what brings them

    def missing(self) -> list[str]:
        """Return the packages that it needs and that are not installed; nothing is imported for that."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    def lacks(self, what: str) -> str | None:
        """Say what is missing and how to install it; None where nothing is."""
        if not (missing := self.missing()):
            return None
        are = "is" if len(missing) == 1 else "are"
        hint = f"Install with: pip install '{self.install}'"
        return f"`{what}` needs {', '.join(missing)}, which {are} not installed. {hint}"

    def program(self) -> Any:
        """Import what does it."""
        return importlib.import_module(f"{self.package}.__main__")


SERVING = ("onnxruntime", "fastapi", "uvicorn")
TABLES = ("typer", "pandas", "sklearn")
FIT = (*TABLES, "tensorflow", "tf2onnx")
SIGNING = (("typer", "cryptography"), "slipway[train,signing]")
TRAIN = "slipway[train]"
VERBS = {
    "train": Verb("training", "turn a data file into a bundle", "houses.csv --target price", FIT, TRAIN),
    "inspect": Verb("training", "say what a data file holds and what would be learned", "houses.csv", TABLES, TRAIN),
    "evaluate": Verb(
        "training",
        "judge a bundle on new rows whose answers are known",
        "models/houses/1 new-houses.csv",
        TABLES,
        TRAIN,
    ),
    "compare": Verb("training", "put two bundles side by side", "models/houses/1 models/houses/2", TABLES, TRAIN),
    "sign": Verb("training", "sign a bundle with a private key", "models/houses/1 --key private.pem", *SIGNING),
    "serve": Verb("app", "serve the models of a folder", "--models models --port 8000", SERVING),
    "check": Verb("app", "say which models would be served, and what is wrong with the others", "models", SERVING),
    "score": Verb(
        "app",
        "answer the rows of files, and write the answers as files",
        "today.parquet --out answers --keep id",
        (*SERVING, "pyarrow"),
        "slipway[score]",
    ),
    "drift": Verb(
        "app",
        "compare the rows of a file with the data that a model learned from",
        "today.csv",
        (*SERVING, "pyarrow"),
        "slipway[score]",
    ),
}


def run(name: str, words: list[str]) -> int | None:
    """Do what a verb does; the program may also exit by itself."""
    verb = VERBS[name]
    if (lacking := verb.lacks(f"slipway {name}")) is not None:
        print(lacking, file=sys.stderr)
        return USAGE_ERROR
    code: int | None = verb.program().run(name, words, f"slipway {name}")
    return code
