"""Environments for the peers: one each, so that no peer's pins bend another's.

requirements/<name>.txt ─> .venv/bench/<name>/    made anew when the file changes
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.harness.models import ROOT
from benchmarks.harness.peers import ENVIRONMENTS, SERVE, Peer

REQUIREMENTS = ROOT / "benchmarks" / "requirements"
TOOLS = {"wrk": "wrk", "nginx": "nginx-light", "haproxy": "haproxy", "gcc": "gcc"}  # program -> Debian package


class NotInstalledError(Exception):
    """A peer or a tool that cannot be had here; the message is for the table."""


def tools(peers: Iterable[Peer]) -> None:
    """Install what Debian has to give, when it is missing.

    Raises:
        NotInstalledError: when wrk, without which nothing can be measured, cannot be had.
    """
    wanted = {"wrk", *(package for peer in peers for package in peer.programs)}
    missing = [package for program, package in TOOLS.items() if package in wanted and not _which(program)]
    if missing:
        _run(["apt-get", "install", "-y", "--no-install-recommends", *missing])
    if not _which("wrk"):
        raise NotInstalledError("wrk is missing: apt-get install wrk")


def peer(which: Peer) -> None:
    """Make the environment of a peer, unless it is there.

    Raises:
        NotInstalledError: with the last line of what the installer said.
    """
    for program, package in TOOLS.items():
        if package in which.programs and not _which(program):
            raise NotInstalledError(f"{program} is missing: apt-get install {package}")
    if which.environment:
        environment(which.environment)
    elif not (SERVE / "bin" / "python").exists():
        raise NotInstalledError(f"{SERVE.relative_to(ROOT)} is missing: make serve makes it")


def environment(name: str) -> Path:
    """Make `.venv/bench/<name>` from its requirements and return its folder."""
    folder, wanted = ENVIRONMENTS / name, REQUIREMENTS / f"{name}.txt"
    done = folder / ".done"
    if done.exists() and done.read_bytes() == wanted.read_bytes():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "-r", str(wanted)])
    done.write_bytes(wanted.read_bytes())
    return folder


def versions(which: Peer) -> dict[str, str]:
    """Return the installed version of each package that the table names."""
    site = next((which.python.parents[1] / "lib").glob("python3*/site-packages"), None)
    found = {}
    for package in (*which.packages, *(["onnxruntime"] if which.packages else [])):
        pattern = f"{package.replace('-', '_')}-*.dist-info"
        entry = next(site.glob(pattern), None) if site else None
        if entry is not None:
            found[package] = entry.name.removesuffix(".dist-info").rpartition("-")[2]
    return found


def _which(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise NotInstalledError(f"{Path(argv[0]).name} {' '.join(argv[1:4])}: {said[-1][:200]}")
