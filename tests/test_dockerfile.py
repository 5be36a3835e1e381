"""The image agrees with the code and holds nothing that serving does not need."""

import http.server
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.routes import router
from app.settings import Settings
from tests.dockerfile import DOCKERFILE, ROOT, arguments, stages
from tests.tools import tool

LOCK = ROOT / "requirements" / "serve.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SERVE = stages()["serve"]
BUILD = stages()["build"]


def test_hadolint_finds_nothing() -> None:
    """The common mistakes are somebody else's list, kept up to date by them."""
    found = subprocess.run([tool("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_what_is_served_comes_last_and_every_stage_has_the_same_base() -> None:
    """A build without --target makes the serving image, and an environment moves between equal Pythons."""
    assert list(stages())[-1] == "serve"
    assert {stage.base for stage in stages().values()} == {"${BASE}"}


def test_the_base_is_a_python_that_the_project_supports() -> None:
    """The default is a short name and a tag; it names no host and no digest that nobody checked."""
    match = re.fullmatch(r"python:(\d+)\.(\d+)-slim-[a-z]+", arguments()["BASE"])
    assert match
    oldest = tuple(int(part) for part in PROJECT["requires-python"].removeprefix(">=").split("."))
    assert (int(match[1]), int(match[2])) >= oldest


def test_everything_copied_exists_and_is_all_that_the_builder_is_sent() -> None:
    """.dockerignore admits what COPY names, and nothing else."""
    sources = {source for stage in stages().values() for source in stage.copied()}
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if line and not line.startswith("#")) == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == sources
    for source in sources:
        assert (ROOT / source).exists(), source


def test_the_install_is_locked() -> None:
    """Hashes are checked, nothing is built from source, and no cache stays."""
    [install] = [run for run in BUILD.values("RUN") if "install" in run]
    for flag in ("--require-hashes", "--no-cache-dir", "--only-binary=:all:", "requirements/${LOCK}.lock"):
        assert flag in install
    assert arguments()["LOCK"] == LOCK.stem, "without gRPC unless it is asked for"
    assert not SERVE.values("RUN"), "the final stage runs nothing: it only copies"


def test_the_lock_holds_no_training_library() -> None:
    """TensorFlow stays on the trainer's machine."""
    names = set(re.findall(r"^([a-z0-9._-]+)==", LOCK.read_text(), re.MULTILINE))
    assert {"onnxruntime", "uvicorn"} <= names
    training = {"tensorflow", "keras", "tf2onnx", "onnx", "pandas", "scikit-learn", "matplotlib", "pytest"}
    assert not names & training
    assert "--hash=sha256:" in LOCK.read_text()


def test_entry_point_is_the_service_without_a_shell() -> None:
    """PID 1 is Python, so the signal reaches the one process that must see it."""
    assert SERVE.execs("ENTRYPOINT") == ["python", "-m", "app"]
    assert SERVE.only("STOPSIGNAL") == "SIGTERM"
    assert not SERVE.values("CMD")
    assert (ROOT / "app" / "__main__.py").exists()


def test_what_is_copied_is_made_readable() -> None:
    """A checkout or a bundle that only its owner may read would keep the image's user out."""
    made = " ".join(BUILD.values("RUN"))
    for folder in ("/opt/slipway", "/models"):
        assert f"chmod -R a+rX,go-w {folder}" in made


def test_it_runs_as_a_numbered_user_that_is_not_root() -> None:
    """Kubernetes verifies runAsNonRoot by number only."""
    user, group = SERVE.only("USER").split(":")
    assert int(user) > 10_000
    assert int(group) > 10_000


def test_the_environment_names_only_settings_that_exist() -> None:
    """A variable with a typing error would be ignored in silence."""
    variables = SERVE.pairs("ENV")
    known = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in variables if name.startswith("SLIPWAY_")} <= known
    assert variables["ORT_DISABLE_TELEMETRY"] == "1"
    assert variables["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_environment_makes_settings_that_agree_with_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """It listens on every address, on the port that is exposed, and serves the folder that is copied."""
    for name, value in SERVE.pairs("ENV").items():
        if name.startswith("SLIPWAY_"):
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.host == "0.0.0.0"
    assert str(settings.port) == SERVE.only("EXPOSE")
    assert f"models/ {settings.models}/" in BUILD.values("COPY")
    assert f"--from=build {settings.models} {settings.models}" in SERVE.values("COPY")


def test_the_version_is_the_projects() -> None:
    """Label and package say the same."""
    assert arguments()["VERSION"] == PROJECT["version"]
    labels = SERVE.pairs("LABEL")
    assert labels["org.opencontainers.image.version"] == "${VERSION}"
    assert labels["org.opencontainers.image.licenses"] == PROJECT["license"]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_passes_when_ready_and_only_then(status: int, code: int) -> None:
    """It is run as it stands, against a server that answers only where readiness is; a proxy must not be asked."""
    with answering(status) as (port, asked):
        assert health_check(port) == code
    assert asked == ["/health/ready"]
    assert "/health/ready" in {getattr(route, "path", None) for route in router.routes}


def test_the_health_check_fails_when_nobody_listens() -> None:
    """A dead process is not healthy."""
    with answering(200) as (port, _):
        pass
    assert health_check(port) != 0


def health_check(port: int) -> int:
    python, *words = SERVE.execs("HEALTHCHECK")
    assert python == "python"
    environment = {**os.environ, "SLIPWAY_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, check=False).returncode


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """Serve one status on every path; yield the port and the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()
