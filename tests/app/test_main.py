"""The application as it is wired, and `python -m app` as a person and an orchestrator meet it."""

import socket
from pathlib import Path

import httpx
import pytest

from app.main import Slipway, create_app
from tests.app.bad_requests import GOOD, JSON, body_of
from tests.support import serving, tiny


def test_making_the_application_loads_nothing(tmp_path: Path) -> None:
    """Not even where there are no models; that is for the lifespan to say."""
    assert isinstance(serving.app_of(tmp_path / "nowhere"), Slipway)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`create_app()` is what a server's factory option calls."""
    monkeypatch.setenv("SLIPWAY_TIMEOUT_MS", "123")
    assert create_app().settings.timeout_ms == 123


async def test_an_application_may_run_again(models: Path) -> None:
    """Each lifespan makes its parts anew."""
    app = serving.app_of(models)
    for _ in range(2):
        async with serving.running(app) as client:
            assert (await client.post("/predict", content=body_of(GOOD), headers=JSON)).status_code == 200
        assert app.state.health.draining


async def test_stopping_while_models_load(models: Path) -> None:
    """A process that is told to stop at once does stop."""
    app = serving.app_of(models)
    async with app.router.lifespan_context(app):
        pass
    assert not app.state.registry.models


# ── the process: what goes wrong ──


def test_a_damaged_bundle_is_named(tmp_path: Path) -> None:
    """On standard error, on the screen and by the probes; the process lives and does not serve it."""
    folder = tiny.write(tmp_path / "models")
    (folder / "model.onnx").write_bytes(b"x" * (folder / "model.onnx").stat().st_size)
    with serving.process(tmp_path / "models", tmp_path) as process:
        process.wait_for(r"It is NOT ready: .*model\.onnx: expected sha256")
        assert f"Not served: tiny/1: {folder / 'model.onnx'}: expected sha256" in process.complaints()
        assert httpx.get(f"{process.address}/health/live").status_code == 200
        assert httpx.get(f"{process.address}/health/ready").status_code == 503
        assert httpx.post(f"{process.address}/predict", content=body_of(GOOD), headers=JSON).status_code == 503
        assert process.stop() == 0


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """And the process stays up, so that its probes can say it."""
    with serving.process(tmp_path / "nowhere", tmp_path) as process:
        process.wait_for("It is NOT ready: .*nowhere")
        assert "nowhere/<name>/<version>/" in process.complaints()
        assert httpx.get(f"{process.address}/health/live").status_code == 200
        assert httpx.get(f"{process.address}/health/ready").status_code == 503


def test_a_port_that_is_taken(models: Path, tmp_path: Path) -> None:
    """The message says which, and what to do; the code is not 0."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving.Process(models, tmp_path, "--port", str(port)) as process:
            assert process.popen.wait(serving.PATIENCE_S) == 1
            assert f"Cannot listen on 127.0.0.1:{port}: Address already in use." in process.complaints()


def test_nonsense_on_the_command_line(models: Path, tmp_path: Path) -> None:
    """The knob is named and the code is not 0."""
    with serving.Process(models, tmp_path, "--timeout-ms", "0") as process:
        assert process.popen.wait(serving.PATIENCE_S) != 0
        assert "timeout" in process.complaints()


def test_help_lists_every_knob(models: Path, tmp_path: Path) -> None:
    """`--help` is the table of the documentation."""
    with serving.Process(models, tmp_path, "--help") as process:
        process.wait_for("--log-level")
        for name in type(create_app().settings).model_fields:
            process.wait_for(f"--{name.replace('_', '-')}")
        assert process.popen.wait(serving.PATIENCE_S) == 0
