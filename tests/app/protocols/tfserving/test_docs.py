"""Every command of the page on TensorFlow Serving, run against a process, answers what the page says."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.app.protocols.tfserving import models as tfserving_models
from tests.support import serving, tiny

PAGE = (serving.ROOT / "docs" / "tensorflow-serving.md").read_text()
ADDRESS = "http://127.0.0.1:8000"
EXAMPLES = re.findall(r"```(bash|python)\n(.*?)```.*?```json\n(.*?)```", PAGE, re.DOTALL)
HOUSES = tiny.Tiny(name="houses", task="regression", numbers=("rooms", "income"), booleans=(), strings=(), optional=())


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A process with the models that the page speaks of."""
    models = tmp_path_factory.mktemp("models")
    tfserving_models.write_half_plus_two(models)
    tiny.write(models, HOUSES)
    (models / "adult-income").symlink_to(serving.ROOT / "models" / "adult-income")
    with serving.process(models, tmp_path_factory.mktemp("process")) as process:
        yield process.address


def run(language: str, text: str, folder: Path) -> str:
    command = [sys.executable, "-c", text] if language == "python" else ["bash", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=serving.PATIENCE_S, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rounded(value: object) -> object:
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 4))


def test_the_page_has_both_kinds_of_example() -> None:
    assert {language for language, _, _ in EXAMPLES} == {"bash", "python"}
    assert len(EXAMPLES) == len(re.findall(r"```(?:bash|python)\n", PAGE))
    assert all(ADDRESS in text for _, text, _ in EXAMPLES)


@pytest.mark.parametrize(("language", "text", "answer"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_answers_what_the_page_says(
    language: str, text: str, answer: str, address: str, tmp_path: Path
) -> None:
    """Run as it stands, but for the port."""
    found = run(language, text.replace(ADDRESS, address), tmp_path)
    assert rounded(json.loads(found)) == rounded(json.loads(answer))


def test_settings_of_the_page_exist() -> None:
    """Every setting that it names is one."""
    known = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"SLIPWAY_\w+", PAGE))
    assert named
    assert named <= known
