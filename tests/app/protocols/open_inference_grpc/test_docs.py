"""The examples of the page on gRPC, run against a process, answer what the page says."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.protocols.open_inference_grpc.status import CODES
from app.settings import Settings
from tests.support import serving

PAGE = (serving.ROOT / "docs" / "grpc.md").read_text()
ADDRESS = "127.0.0.1:8001"
EXAMPLES = re.findall(r"```python\n(.*?)```.*?```json\n(.*?)```", PAGE, re.DOTALL)
CLIENTS = serving.ROOT / ".venv" / "clients" / "bin" / "python"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("process")
    with serving.process(serving.ROOT / "models", folder, "--grpc-port", "0") as process:
        yield process.wait_for(r"grpc://(\S+)")[1]


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```python\n") > 1
    assert all(ADDRESS in text for text, _ in EXAMPLES)


@pytest.mark.parametrize(("text", "answer"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_answers_what_the_page_says(text: str, answer: str, address: str) -> None:
    """Run as it stands but for the port; Triton's client in its own environment."""
    python = str(CLIENTS) if "tritonclient" in text else sys.executable
    command = [python, "-c", text.replace(ADDRESS, address)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=serving.PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert rounded(done.stdout) == rounded(answer)


def rounded(text: str) -> object:
    return json.loads(text, parse_float=lambda number: round(float(number), 4))


def test_settings_and_statuses_of_the_page_exist() -> None:
    settings = set(re.findall(r"`SLIPWAY_([A-Z_]+)`", PAGE))
    assert settings
    assert settings <= {name.upper() for name in Settings.model_fields}
    assert {code.name for code in CODES.values()} <= set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE))


def test_what_it_prints_is_on_the_page(tmp_path: Path) -> None:
    with serving.process(serving.ROOT / "models", tmp_path, "--grpc-port", "0") as process:
        said = process.wait_for(r"and over gRPC on grpc://\S+")[0]
    assert re.sub(r"\d+$", "8001", said) in PAGE
