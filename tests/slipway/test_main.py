"""The command: verbs go to their programs, and whatever is wrong is one message and exit code 2."""

import ast
import subprocess
import sys

import pytest

from slipway.__main__ import main, usage
from slipway.verbs import VERBS
from tests.support.serving import ROOT
from tests.test_imports import imported

HEAVY = {"numpy", "onnxruntime", "fastapi", "pydantic", "typer", "pandas", "tensorflow", "app", "training"}


def slipway(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slipway", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("path", sorted((ROOT / "slipway").glob("*.py")), ids=lambda path: path.name)
def test_the_command_needs_the_standard_library_alone(path: object) -> None:
    """Programs are imported by name, when a verb asks for them."""
    assert imported((ROOT / "slipway" / str(path)).read_text()) <= sys.stdlib_module_names | {"slipway"}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["completion"], ["nonsense"]])
def test_nothing_heavy_is_imported_before_the_verb_is_known(words: list[str]) -> None:
    code = f"import sys\nfrom slipway.__main__ import main\ntry: main({words})\n"
    code += "except SystemExit: print(list(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "slipway.verbs" in ast.literal_eval(done.stdout.splitlines()[-1])
    assert not HEAVY & set(ast.literal_eval(done.stdout.splitlines()[-1]))


def test_the_help_has_an_example_of_each_verb() -> None:
    for name, verb in VERBS.items():
        assert f"slipway {name} {verb.example}" in usage()


@pytest.mark.parametrize(
    ("verb", "usage_line"),
    [("check", "usage: slipway check [MODELS] [options]"), ("compare", "Usage: slipway compare [OPTIONS] A B")],
)
def test_a_verb_explains_itself_under_its_own_name(verb: str, usage_line: str) -> None:
    done = slipway(verb, "--help")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == usage_line


def test_a_verb_does_what_the_program_does() -> None:
    """The exit code and the words go through."""
    done = slipway("check", "models", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"adult-income/1"' in done.stdout
    done = slipway("evaluate", "nowhere", "nothing.csv")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")


def test_a_file_named_as_a_verb_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    """`slipway train sign` trains on a file called sign."""
    done = slipway("train", "sign")
    assert done.returncode == 2
    assert "`DATA`: expected a CSV or Parquet file. Received: sign, which is not a file." in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fly"], "Unknown verb: expected one of train, inspect, evaluate,"),
        (["completion"], "expected bash, zsh or fish. Received: nothing."),
        (["completion", "csh"], "expected bash, zsh or fish. Received: csh."),
    ],
)
def test_what_is_not_understood(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert message in capsys.readouterr().err


def test_the_versions_of_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    import onnxruntime

    with pytest.raises(SystemExit):
        main(["--version"])
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told["slipway"].endswith("(checkout)")
    assert told["onnxruntime"] == onnxruntime.__version__
    assert told["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert {"numpy", "fastapi", "uvicorn", "tensorflow", "keras", "platform"} <= told.keys()
