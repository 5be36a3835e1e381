"""Every command of the page on the Open Inference Protocol, run against a process, answers what the page says."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.protocols.open_inference.routes import EXTENSIONS
from app.settings import Settings
from app.tensors import DATATYPES
from tests.support import serving, tools

PAGE = (serving.ROOT / "docs" / "open-inference.md").read_text()
ADDRESS = "127.0.0.1:8000"
EXAMPLES = re.findall(r"```(bash|python)\n(.*?)```.*?```json\n(.*?)```", PAGE, re.DOTALL)
CLIENTS = serving.ROOT / ".venv" / "clients" / "bin" / "python"  # where tritonclient is, if it is anywhere


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A process with the bundle that the page speaks of."""
    models = tmp_path_factory.mktemp("models")
    (models / "adult-income").symlink_to(serving.ROOT / "models" / "adult-income")
    with serving.process(models, tmp_path_factory.mktemp("process")) as process:
        yield process.address.removeprefix("http://")


def run(language: str, text: str, folder: Path) -> str:
    python = sys.executable
    if "tritonclient" in text:
        compile(text, "example", "exec")
        if not CLIENTS.exists():
            tools.missing(f"no {CLIENTS}: `make .venv/clients/.done` makes it")
        python = str(CLIENTS)
    command = [python, "-c", text] if language == "python" else ["bash", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=serving.PATIENCE_S, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rounded(value: object) -> object:
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 4))


def test_the_page_has_every_kind_of_example() -> None:
    """With curl, with plain Python, with NVIDIA's client; each with an answer."""
    assert {(language, "tritonclient" in text) for language, text, _ in EXAMPLES} == {
        ("bash", False),
        ("python", False),
        ("python", True),
    }
    assert len(EXAMPLES) == len(re.findall(r"```(?:bash|python)\n", PAGE))
    assert all(ADDRESS in text for _, text, _ in EXAMPLES)


@pytest.mark.parametrize(("language", "text", "answer"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_answers_what_the_page_says(
    language: str, text: str, answer: str, address: str, tmp_path: Path
) -> None:
    """Run as it stands, but for the port."""
    found = run(language, text.replace(ADDRESS, address), tmp_path)
    assert rounded(json.loads(found)) == rounded(json.loads(answer))


def test_what_the_page_names_exists() -> None:
    """Its settings, its extensions and its datatypes are the code's."""
    named = set(re.findall(r"SLIPWAY_\w+", PAGE))
    assert named
    assert named <= {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
    section = PAGE.partition("## Extensions")[2].partition("##")[0]
    assert set(re.findall(r"`(\w+)`", section)) - {"timeout"} == set(EXTENSIONS)
    table = PAGE.partition("| datatype |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([A-Z]+\d*)`", table)) <= set(DATATYPES)
