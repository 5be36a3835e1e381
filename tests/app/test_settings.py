"""Every knob can be turned from the environment and from the command line, and refuses nonsense."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import CliApp

from app.errors import InvalidSettings
from app.settings import Settings, of_environment
from app.version_policy import Canary, Shadow

FIELDS = Settings.model_fields


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FIELDS:
        monkeypatch.delenv(f"SLIPWAY_{name.upper()}", raising=False)


def test_the_defaults() -> None:
    """Local, bounded, and everything else measured at load."""
    settings = Settings()
    assert (settings.host, settings.port, settings.models) == ("127.0.0.1", 8000, Path("models"))
    assert (settings.versions, settings.default_model, settings.run_on) == ("latest", None, "auto")
    assert settings.threads is None
    assert settings.max_batch_rows is None


def test_every_knob_is_explained() -> None:
    """The description is the table in the documentation and the help on the command line."""
    for name, field in FIELDS.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("host", "0.0.0.0", "0.0.0.0"),
        ("port", "0", 0),
        ("models", "/srv/models", Path("/srv/models")),
        ("versions", "all", "all"),
        ("versions", "1,3", "1,3"),
        ("versions", '{"tiny": [1, 3]}', '{"tiny": [1, 3]}'),
        ("watch_s", "0.5", 0.5),
        ("canary", '{"tiny": {"version": 2, "share": 0.1}}', {"tiny": Canary(version=2, share=0.1)}),
        ("shadow", '{"tiny": {"version": 2}}', {"tiny": Shadow(version=2)}),
        ("default_model", "tiny", "tiny"),
        ("max_body_bytes", "1", 1),
        ("timeout_ms", "250", 250),
        ("threads", "2", 2),
        ("run_on", "thread", "thread"),
        ("door", "asgi", "asgi"),
        ("log_level", "debug", "debug"),
    ],
)
def test_a_knob_is_turned_either_way(name: str, text: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`SLIPWAY_<NAME>` and `--<name>` mean the same."""
    assert getattr(CliApp.run(Settings, cli_args=[f"--{name.replace('_', '-')}", text]), name) == value
    monkeypatch.setenv(f"SLIPWAY_{name.upper()}", text)
    assert getattr(Settings(), name) == value


def test_the_command_line_is_above_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed now counts."""
    monkeypatch.setenv("SLIPWAY_PORT", "1")
    assert CliApp.run(Settings, cli_args=["--port", "2"]).port == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "http"),
        ("versions", "newest"),
        ("versions", "0"),
        ("watch_s", "-1"),
        ("canary", '{"tiny": {"version": 2, "share": 2}}'),
        ("shadow", '{"tiny": {}}'),
        ("max_body_bytes", "0"),
        ("max_request_rows", "0"),
        ("max_queue_rows", "0"),
        ("timeout_ms", "0"),
        ("threads", "0"),
        ("max_batch_rows", "0"),
        ("max_delay_us", "-1"),
        ("run_on", "gpu"),
        ("log_level", "loud"),
    ],
)
def test_nonsense_is_refused(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything starts, naming the knob."""
    monkeypatch.setenv(f"SLIPWAY_{name.upper()}", text)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_settings_do_not_change_afterwards() -> None:
    """What was logged at the start stays true."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]  # the very thing under test


def test_what_the_environment_gives_is_said_in_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no command line, what is wrong is one message without a trace, of all that is wrong."""
    monkeypatch.setenv("SLIPWAY_PORT", "8123")
    assert of_environment().port == 8123
    monkeypatch.setenv("SLIPWAY_PORT", "harbour")
    monkeypatch.setenv("SLIPWAY_THREADS", "-1")
    with pytest.raises(
        InvalidSettings, match=r"Invalid SLIPWAY_PORT: .* Received: harbour\. Invalid SLIPWAY_THREADS: "
    ):
        of_environment()
    monkeypatch.delenv("SLIPWAY_PORT")
    monkeypatch.setenv("SLIPWAY_CANARY", "{")
    with pytest.raises(InvalidSettings, match="canary"):
        of_environment()
