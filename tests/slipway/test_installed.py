"""The wheel, built and installed: it holds all that is read while it runs, and works far from the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.support.serving import ROOT

PACKAGES = ("app", "training", "slipway")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy, for setuptools writes beside what it builds."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(made), str(source))
    return next(made.glob("*.whl"))


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    pip("--python", str(folder / "bin" / "python"), "install", "--no-compile", str(wheel))
    return folder / "bin"


@pytest.fixture(scope="module")
def full(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it that borrows the libraries of the environment in which the tests run."""
    folder = tmp_path_factory.mktemp("borrowing") / "environment"
    shutil.copytree(bare.parent, folder, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    script = folder / "bin" / "slipway"
    script.write_text(script.read_text().replace(str(bare.parent), str(folder)))
    return folder / "bin"


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words, "--no-deps", "--no-index"]
    subprocess.run(command, check=True, timeout=300)


def run(folder: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("SLIPWAY_", "PYTHON"))}
    return subprocess.run([folder / "slipway", *words], cwd=cwd, env=clean, capture_output=True, text=True, check=False)


def test_the_wheel_holds_what_the_packages_hold(wheel: Path) -> None:
    """Templates and protos too: a file that is missing would be missed in production alone."""
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(PACKAGES) and "dist-info" not in name}
    files = [path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()]
    assert held == {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert "training/rendering/report.html.j2" in held


def test_without_any_library_it_says_what_is_missing(bare: Path, tmp_path: Path) -> None:
    """The standard library is enough for the help, the versions and the one line to type."""
    assert "slipway serve --models" in run(bare, "--help", cwd=tmp_path).stdout
    versions = run(bare, "--version", cwd=tmp_path).stdout
    assert re.search(r"^slipway +\d+\.\d+\.\d+$", versions, re.MULTILINE)
    assert re.search(r"^tensorflow +not installed$", versions, re.MULTILINE)
    for verb, line in (("train", "slipway[train]"), ("sign", "slipway[train,signing]"), ("serve", "slipway")):
        done = run(bare, verb, "anything", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert re.fullmatch(
            rf"`slipway {verb}` needs .*\. Install with: pip install '{re.escape(line)}'\n", done.stderr
        )
    assert "train inspect evaluate compare" in run(bare, "completion", "bash", cwd=tmp_path).stdout


def test_it_serves_the_committed_model_from_another_folder(full: Path, tmp_path: Path) -> None:
    command = [str(full / "slipway"), "serve", "--models", str(ROOT / "models"), "--port", "0"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("SLIPWAY_", "PYTHON"))}
    with subprocess.Popen(command, cwd=tmp_path, env=clean, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        try:
            told = ""
            while not (found := re.search(r"curl -s '(\S+)' .* -d '(.*)'", told)):
                line = service.stdout.readline()
                assert line, told
                told += line
            answer = httpx.post(found[1], json=json.loads(found[2]))
        finally:
            service.terminate()
    assert answer.status_code == 200
    assert answer.json()["model"] == "adult-income"
    assert service.returncode == 0
