import pytest
import typer
from typer.testing import CliRunner

from training.cli.bundles import COMMANDS
from training.cli.train import app, signing


@pytest.mark.parametrize(
    ("command", "usage"),
    [(app, "DATA"), (signing, "FOLDER"), (COMMANDS["evaluate"], "BUNDLE DATA"), (COMMANDS["compare"], "A B")],
)
def test_arguments_are_named_as_in_messages(command: typer.Typer, usage: str) -> None:
    first = CliRunner().invoke(command, ["--help"]).stdout.strip().splitlines()[0]
    assert first.endswith(f" [OPTIONS] {usage}")
