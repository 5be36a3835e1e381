"""The ten clients: what each is made of, how it is compiled and started, and what it says.

    CLIENTS                    name -> Client: its tool, the line that starts it
    compiling(folder)          Java and Go, at once; waits for neither
    start(client, plan, ...)   a process; it prints a line of JSON for each way

It knows no proxy and no service.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tests.support.serving import ROOT

HERE = Path(__file__).parent
PYTHON = str(ROOT / ".venv" / "clients" / "bin" / "python")
# The machine code of a few hundred calls pays no compiler that looks far, nor a heap that is tidied in parallel.
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", "{built}", "Client")


@dataclass(frozen=True)
class Client:
    """A program, and how to start it; {built} is the folder of what was compiled."""

    name: str
    needs: tuple[str, ...]  # programs
    command: tuple[str, ...]
    version: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What a client got on one way."""

    way: str
    sent: int
    right: int
    wrong: int
    lost: int
    retries: int | None  # by itself, where it can know; a service that counts more than was sent shows the others
    spoken: str  # versions of HTTP


def _python(library: str) -> Client:
    version = (PYTHON, "-c", f"import {library}; print({library}.__version__)")
    return Client(library, (PYTHON,), (PYTHON, "-m", f"tests.clients.foreign.{library}_client"), version)


def _node(name: str, program: str) -> Client:
    return Client(name, ("node",), ("node", str(HERE / program)), ("node", "--version"))


CLIENTS = [
    Client("Java HttpClient", ("java", "javac"), JAVA, ("java", "-version")),
    Client("curl", ("curl", PYTHON), (PYTHON, "-m", "tests.clients.foreign.curl_client"), ("curl", "--version")),
    _node("Node http", "node_http.mjs"),
    _node("Node fetch", "node_fetch.mjs"),
    Client("Go net/http", ("go",), ("{built}/client",), ("go", "version")),
    Client("Ruby Net::HTTP", ("ruby",), ("ruby", str(HERE / "client.rb")), ("ruby", "--version")),
    Client("PHP curl", ("php",), ("php", str(HERE / "client.php")), ("php", "--version")),
    _python("requests"),
    _python("httpx"),
    _python("aiohttp"),
]
COMPILERS = {
    "javac": ("-d", "{built}", str(HERE / "Client.java")),
    "go": ("build", "-o", "{built}/client", str(HERE / "client.go")),
}


@contextlib.contextmanager
def compiling(folder: Path) -> "Iterator[list[subprocess.Popen[str]]]":
    """Start the compilers that are there; none outlives the block, for it would write into a folder that is gone."""
    folder.mkdir()
    here = {name: line for name, line in COMPILERS.items() if shutil.which(name)}
    with contextlib.ExitStack() as stack:
        running = []
        for name, line in here.items():
            compiler = subprocess.Popen([name, *_filled(line, folder)], stderr=subprocess.PIPE, text=True)
            running.append(stack.enter_context(compiler))
            stack.callback(compiler.kill)
        yield running


def wait_for(compilers: "list[subprocess.Popen[str]]") -> None:
    for compiler in compilers:
        _, complaint = compiler.communicate()
        assert compiler.returncode == 0, complaint


def start(client: Client, plan: Path, built: Path) -> "subprocess.Popen[str]":
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.Popen(
        [*_filled(client.command, built), str(plan)],
        cwd=ROOT,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: "subprocess.Popen[str]", patience_s: float) -> tuple[list[Seen], str]:
    """Return what a client saw on each way, and what it complained of."""
    try:
        said, complaint = process.communicate(timeout=patience_s)
    finally:
        process.kill()
    return [_seen(json.loads(line)) for line in said.splitlines()], complaint


def _seen(said: dict[str, Any]) -> Seen:
    return Seen(**{field.name: said[field.name] for field in fields(Seen)})


def missing(client: Client) -> list[str]:
    """Return the programs that it needs and this machine lacks."""
    return [name for name in client.needs if shutil.which(name) is None]


def version(client: Client) -> str:
    """Return the number in the first line of what it says of itself."""
    done = subprocess.run(client.version, capture_output=True, text=True, check=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "?"


def _filled(line: tuple[str, ...], built: Path) -> list[str]:
    return [part.replace("{built}", str(built)) for part in line]
