"""Clients that exist work against the service, unmodified: each script of this folder, in the clients' environment.

The service is a process of its own with the models of `models.py`; the scripts say what they checked, line by line.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import models
from tests.support.serving import PATIENCE_S, ROOT, Process, process

PYTHON = ROOT / ".venv" / "clients" / "bin" / "python"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    models.write_all(folder)
    return folder


@pytest.fixture(scope="module")
def over_http(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with process(root, tmp_path_factory.mktemp("http")) as started:
        yield started.address


@pytest.fixture(scope="module")
def over_grpc(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with process(root, tmp_path_factory.mktemp("grpc"), "--grpc-port", "0") as started:
        yield grpc_address(started)


def grpc_address(started: Process) -> str:
    return started.wait_for(r"grpc://[\w.:\[\]]+:\d+")[0]


@pytest.mark.parametrize("script", ["triton_http", "kserve_client"])
def test_it_works_over_http(over_http: str, script: str) -> None:
    run(script, over_http)


@pytest.mark.parametrize("script", ["triton_grpc", "kserve_client"])
def test_it_works_over_grpc(over_grpc: str, script: str) -> None:
    run(script, over_grpc)


def test_a_script_fails_when_the_server_is_another(tmp_path: Path) -> None:
    """Against a service without those models a script complains: what it says otherwise is worth something."""
    with process(tmp_path, tmp_path) as started:
        said = outcome("triton_http", started.address)
    assert said.returncode == 1
    assert "ok is live" in said.stdout
    assert "FAILED binary in and out [FP32]: InferenceServerException: [404]" in said.stdout


def run(script: str, address: str) -> None:
    said = outcome(script, address)
    failed = re.findall(r"^FAILED .*", said.stdout, re.MULTILINE)
    assert said.returncode == 0, "\n".join(failed) + f"\n\n{said.stdout}{said.stderr}"
    assert said.stdout.count("\nok ") > 10


def outcome(script: str, address: str) -> "subprocess.CompletedProcess[str]":
    assert PYTHON.exists(), f"No {PYTHON}: `make .venv/clients/.done` makes it."
    command = [str(PYTHON), "-m", f"tests.clients.{script}", address]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3 * PATIENCE_S, check=False)
