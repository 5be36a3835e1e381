"""The image agrees with the code and holds nothing that serving does not need."""

import http.server
import os
import re
import ssl
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from app.routers.service import router
from app.settings import Settings
from tests.image.dockerfile import DOCKERFILE, ROOT, Stage, arguments, stages
from tests.support.tools import tool

LOCK = ROOT / "requirements" / "serve.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SERVE = stages()["serve"]
BUILD = stages()["build"]
TRAINING = stages()["training"]
TRAINING_BUILD = stages()["training-build"]
FINAL = pytest.mark.parametrize("stage", [SERVE, TRAINING], ids=["serve", "training"])


def test_hadolint_finds_nothing() -> None:
    """The common mistakes are somebody else's list, kept up to date by them."""
    found = subprocess.run([tool("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_what_is_served_comes_last_and_every_stage_has_the_same_base() -> None:
    """A build without --target makes the serving image, and an environment moves between equal Pythons."""
    names = list(stages())
    assert stages()[names[-1]].base == "serve"
    assert stages()[names[-1]].instructions == []
    assert {stage.base for stage in stages().values()} == {"${BASE}", "build", "serve"}
    assert names.index("serve") < names.index("training-build"), "some builders make every stage up to the target"


def test_the_base_is_a_python_that_the_project_supports() -> None:
    """A tag for people, a digest for the builder, and no host."""
    match = re.fullmatch(r"python:(\d+)\.(\d+)-slim-[a-z]+@sha256:[0-9a-f]{64}", arguments()["BASE"])
    assert match
    oldest = tuple(int(part) for part in PROJECT["requires-python"].removeprefix(">=").split("."))
    assert (int(match[1]), int(match[2])) >= oldest


def test_everything_copied_exists_and_is_all_that_the_builder_is_sent() -> None:
    """.dockerignore admits what COPY names, and nothing else."""
    sources = {source for stage in stages().values() for source in stage.copied()}
    assert "requirements/*.lock" in sources
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if line and not line.startswith("#")) == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == sources
    for source in sources:
        assert list(ROOT.glob(source)), source


def test_every_install_is_locked() -> None:
    """Hashes are checked, nothing is built from source, and no cache stays."""
    installs = [run for stage in stages().values() for run in stage.values("RUN") if "install" in run]
    assert len(installs) == 3
    for install in installs:
        for flag in ("--require-hashes", "--no-cache-dir", "--only-binary=:all:", "requirements/"):
            assert flag in install
    assert arguments()["LOCK"] == LOCK.stem, "without gRPC unless it is asked for"
    assert (ROOT / "requirements" / f"{arguments()['TRAINING_LOCK']}.lock").exists()


@FINAL
def test_a_final_stage_runs_nothing(stage: Stage) -> None:
    """It only copies: no layer holds what another takes away again."""
    assert not stage.values("RUN")
    assert all(value.startswith("--from=") for value in stage.values("COPY"))


def test_what_is_trimmed_is_trimmed_before_it_is_compiled() -> None:
    """Else the bytecode of what is gone would stay."""
    runs = " && ".join(BUILD.values("RUN"))
    order = [runs.index(words) for words in ("pip --python /opt/venv install", "trim.py /opt/venv", "/opt/venv/lib")]
    assert order == sorted(order)


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
    assert "chmod -R a+rX,go-w /opt/slipway" in " ".join(TRAINING_BUILD.values("RUN"))


@FINAL
def test_it_runs_as_a_numbered_user_that_is_not_root(stage: Stage) -> None:
    """Kubernetes verifies runAsNonRoot by number only."""
    user, group = stage.only("USER").split(":")
    assert int(user) > 10_000
    assert int(group) > 10_000


def test_the_training_image_is_the_command_of_training() -> None:
    """A Job gives it the words of `python -m training`; it writes where the Job lets it, and holds no model."""
    assert TRAINING.execs("ENTRYPOINT") == ["python", "-m", "training"]
    assert (ROOT / "training" / "__main__.py").exists()
    assert TRAINING_BUILD.copied() == ["requirements/*.lock", "app/", "training/"]
    assert TRAINING.pairs("ENV")["HOME"] == "/tmp"


def test_the_bill_of_materials_is_of_the_environment_that_is_served() -> None:
    """It is read from the packages themselves, and the tools that read it stay behind."""
    [made] = [run for run in stages()["sbom"].values("RUN") if "cyclonedx_py" in run]
    assert "cyclonedx_py environment" in made
    assert "/opt/venv/bin/python" in made
    assert "--from=sbom /sbom.cdx.json /opt/slipway/sbom.cdx.json" in SERVE.values("COPY")
    assert not any("/opt/audit" in value for value in SERVE.values("COPY"))


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
    assert settings.host == "::"
    assert str(settings.port) == SERVE.only("EXPOSE")
    assert f"models/ {settings.models}/" in BUILD.values("COPY")
    assert f"--from=build {settings.models} {settings.models}" in SERVE.values("COPY")


@FINAL
def test_the_version_is_the_projects(stage: Stage) -> None:
    """Label and package say the same."""
    assert arguments()["VERSION"] == PROJECT["version"]
    labels = stage.pairs("LABEL")
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


def test_the_health_check_speaks_tls_where_the_service_does(tmp_path: Path) -> None:
    """Whose certificate it is does not matter to somebody who asks himself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("slipway.example").configure_cert(context)
    with answering(200, context) as (port, asked):
        assert health_check(port, SLIPWAY_TLS_CERTIFICATE=str(tmp_path / "certificate.pem")) == 0
    assert asked == ["/health/ready"]


def test_the_health_check_asks_the_operations_port_where_there_is_one() -> None:
    """It answers until the very end, when the main port may be closed already."""
    with answering(200) as (port, asked):
        assert health_check(1, SLIPWAY_OPERATIONS_PORT=str(port)) == 0
    assert asked == ["/health/ready"]


def health_check(port: int, **variables: str) -> int:
    python, *options, script = SERVE.execs("HEALTHCHECK")
    assert python == "python"
    assert script == "/opt/slipway/health.py"
    assert "image/health.py /opt/slipway/" in BUILD.values("COPY")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
    environment = {**clean, "SLIPWAY_PORT": str(port), "http_proxy": "http://127.0.0.1:1", **variables}
    command = [sys.executable, *options, str(ROOT / "image" / "health.py")]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


@contextmanager
def answering(status: int, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    """Serve one status on every path, over TLS if given; yield the port and the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()
