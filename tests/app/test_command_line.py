"""The help of the commands: for people first, by heading below, with units and defaults."""

import re

import pytest

from app.__main__ import COMMANDS
from app.command_line import options, parse
from app.scoring.check import Check
from app.settings import HEADINGS, Settings

MOST_USED = [
    "host",
    "port",
    "workers",
    "models",
    "versions",
    "default_model",
    "grpc_port",
    "api_keys_file",
    "log_level",
]


def help_of(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit, match="0"):
        parse(COMMANDS[command][1]()[0], ["--help"], f"slipway {command}")
    return capsys.readouterr().out


def test_what_people_use_comes_first(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole of it on one screen of 40 lines, and everything else under a heading of its own below."""
    said = help_of("serve", capsys, monkeypatch)
    assert said.startswith("usage: slipway serve [options]\n")
    first, *others = re.split(r"^(?=\S.*:$)", said, flags=re.MULTILINE)[1:]
    assert re.findall(r"^  --(\S+)", first, re.MULTILINE) == [name.replace("_", "-") for name in MOST_USED]
    assert said[: said.index(others[0])].count("\n") < 40
    assert [block.partition(":\n")[0] for block in [first, *others]] == list(HEADINGS.values())


def test_every_setting_stands_under_one_heading() -> None:
    assert set(HEADINGS) <= Settings.model_fields.keys()
    listed = [name for names, _, _ in options(Settings) for name in names if not name.startswith("--no-")]
    assert listed == ["-h", "--help", *[f"--{name.replace('_', '-')}" for name in Settings.model_fields]]


def test_units_and_defaults_are_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And no word of Python's."""
    said = re.sub(r"\s+", " ", help_of("serve", capsys, monkeypatch))
    for text in (
        "--max-body-bytes BYTES Bytes of a request body; more is refused with 413. (default: 16777216)",
        "--watch-s SECONDS",
        "--timeout-ms MILLISECONDS",
        "--max-queue-rows ROWS",
        "--max-requests-per-s N ",
        "--door {protocol,asgi}",
        "--canary JSON",
        "--tls-key PATH",
        "see docs/drift.md. (default: on)",
    ):
        assert text in said
    assert not re.search(r"\b(null|None|dict|PydanticUndefined|factory)\b", said)


def test_the_options_of_a_command_stand_above_those_of_the_service(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = help_of("check", capsys, monkeypatch)
    assert said.startswith("usage: slipway check [MODELS] [options]\n")
    assert said.index("--json") < said.index("most used:") < said.index("--host")
    assert said.count("  MODELS  ") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--timeout-ms", "0"], "Invalid `--timeout-ms` (SLIPWAY_TIMEOUT_MS): "),
        (["--canary", "{"], "Invalid settings: "),
        (["--nonsense"], "slipway check: error: unrecognized arguments: --nonsense"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(Check, words, "slipway check")
    assert message in capsys.readouterr().err
