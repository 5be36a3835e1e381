"""`python -m benchmarks`: what is asked for is what is measured, or nothing is."""

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as main


@pytest.mark.parametrize("options", [["--quick"], ["--only", "slipway"], ["--models", "wide"]])
def test_options_before_a_command_are_refused(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of the whole; left unused, twelve servers would be measured in the place of one."""

    def nothing() -> None:
        pytest.fail("It was about to measure.")

    monkeypatch.setattr(main, "_prepare", nothing)
    said = CliRunner().invoke(main.app, [*options, "compare"])
    assert said.exit_code == 2
    assert "behind" in said.output
