"""Clients that nobody here wrote, as they are by default, through both doors of a real process."""

import json
import subprocess

import pytest

from tests.support.serving import PATIENCE_S, ROOT, Process
from tests.support.tiny import Tiny, instance
from tests.support.tools import tool

BODY = json.dumps({"instances": [instance(Tiny())]})


def said_by(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_java(process: Process) -> None:
    """Its client offers `Upgrade: h2c` with every first request of a connection."""
    lines = said_by(tool("java"), str(ROOT / "tests/support/Ask.java"), f"{process.address}/predict", BODY).splitlines()
    assert len(lines) == 10
    assert {line.split()[0] for line in lines} == {"200"}
    assert len(set(lines)) == 1


@pytest.mark.parametrize("offer", [["--http2"], ["--http1.1"], ["--http1.0"]], ids=["http2", "http1.1", "http1.0"])
def test_curl(offer: list[str], process: Process) -> None:
    """It offers h2c where it is asked for HTTP/2; two requests on one connection."""
    address = f"{process.address}/predict"
    ask = [*offer, "-sS", "-H", "content-type: application/json", "-d", BODY, "-w", "%{http_code} ", address]
    said = said_by(tool("curl"), *ask, "--next", *ask)
    assert said.count("200 ") == 2, said
    assert said.count('"predictions"') == 2
