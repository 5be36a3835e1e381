"""`image/build.sh` takes the builder that works and gives it the right words; the builders here only repeat them."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.image.dockerfile import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
NEEDED = ("sh", "dirname", "sed", "git")
WORKS = '#!/bin/sh\n[ "$1" = info ] || echo "$0" "$@"\n'
FAILS = "#!/bin/sh\nexit 1\n"


def build(folder: Path, builders: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script where these builders are all there are."""
    for name in NEEDED:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    for name, text in builders.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = {"PATH": str(folder), "HOME": os.environ.get("HOME", "/"), **variables}
    script = [str(ROOT / "image" / "build.sh")]
    return subprocess.run(script, env=environment, capture_output=True, text=True, check=False)


def test_the_serving_image_by_docker(tmp_path: Path) -> None:
    """The target, the name and the labels; nothing that only other builders understand."""
    done = build(tmp_path, {"docker": WORKS, "podman": WORKS})
    words = done.stdout.split()
    assert Path(words[0]).name == "docker"
    assert words[1] == "build"
    assert "--format" not in words
    assert words[words.index("--target") + 1] == "serve"
    assert words[words.index("--tag") + 1] == f"slipway:{VERSION}"
    assert f"VERSION={VERSION}" in words
    assert not [word for word in words if word.startswith(("LOCK=", "BASE=", "REVISION=unknown", "CREATED=1970"))]


def test_a_docker_without_a_daemon_is_passed_over(tmp_path: Path) -> None:
    """A client alone builds nothing. The format has a place for the health check."""
    done = build(tmp_path, {"docker": FAILS, "podman": WORKS, "buildah": WORKS})
    words = done.stdout.split()
    assert Path(words[0]).name == "podman"
    assert words[1:4] == ["build", "--format", "docker"]


@pytest.mark.parametrize(
    ("target", "argument", "name"), [("serve", "LOCK", "slipway"), ("training", "TRAINING_LOCK", "x")]
)
def test_several_locks_are_one_argument(tmp_path: Path, target: str, argument: str, name: str) -> None:
    """Words with spaces stay together, each target has an argument of its own, and the name is the caller's."""
    echo = '#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n'
    done = build(tmp_path, {"buildah": echo}, TARGET=target, LOCK="grpc signing", TAG=name, BASE="own/base:1")
    words = done.stdout.splitlines()
    assert f"{argument}=grpc signing" in words
    assert "BASE=own/base:1" in words
    assert words[words.index("--target") + 1] == target
    assert words[words.index("--tag") + 1] == name


def test_without_a_builder_it_says_what_it_needs(tmp_path: Path) -> None:
    """In one line, and fails."""
    done = build(tmp_path, {"docker": FAILS})
    assert done.returncode == 1
    assert "expected docker, podman or buildah" in done.stderr


def test_a_target_that_is_none(tmp_path: Path) -> None:
    """A mistake is said before anything is built."""
    done = build(tmp_path, {"docker": WORKS}, TARGET="build")
    assert done.returncode == 2
    assert "expected serve or training. Received: build." in done.stderr
