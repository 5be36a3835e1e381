import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import typer
from typer.testing import CliRunner

from training.cli.generated import application, ordered, parse, with_options
from training.features import registry
from training.options import Options, flags
from training.options.declare import Member, option


def program(said: list[Options]) -> typer.Typer:
    return application(with_options(said.append, "Say what was chosen."))


def test_options_are_read_as_they_are_written() -> None:
    said: list[Options] = []
    wanted = Options.of(
        data=Path("a file.csv"),
        target="y",
        drop=("a", "b c"),
        stream=False,
        hidden=(8, 4),
        jit=True,
        threshold_for="f1",
    )
    done = CliRunner().invoke(program(said), ["a file.csv", *flags(wanted)])
    assert (done.exit_code, said) == (0, [wanted])
    assert parse(program([]), ["a file.csv", *shlex.split(shlex.join(flags(wanted)))]) == wanted


def test_what_most_people_need_stands_first_and_the_rest_by_room() -> None:
    shown = CliRunner().invoke(program([]), ["--help"]).stdout
    first, _, rest = shown.partition("\nData:\n")
    assert all(one.flag in (first if one.words.common else rest) for one in ordered() if not one.words.argument)
    titles = [line.removesuffix(":") for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == [
        *("Arguments", "Options", "Data", "Numbers", "Categories", "Texts", "Network", "Labels"),
        *("Several labels a row", "Fit", "Compression", "Evaluation", "Search", "Run"),
    ]


def test_bounds_defaults_and_units_are_shown() -> None:
    shown = " ".join(CliRunner().invoke(program([]), ["--help"]).stdout.split())
    assert "--test-share <share> Share of the rows that only measures. [default: 0.2; 0.01<=x<=0.5]" in shown
    assert "--task <binary|multiclass|multilabel|regression> What to predict. [default: inferred]" in shown
    assert "--warm-up <epochs> Epochs in which the learning rate rises to its full value. [default: 0; x>=0]" in shown


@dataclass(frozen=True, kw_only=True)
class TrackOptions:
    """Of a feature type that is made up."""

    title: ClassVar[str] = "Tracks"
    most_points: int = option(64, "Points that are read of a track.", unit="points", low=1)


def test_what_a_feature_type_brings_is_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.FEATURES, "track", Member("", f"{__name__}:TrackOptions"))
    said: list[Options] = []
    assert CliRunner().invoke(program(said), ["x.csv", "--most-points", "8"]).exit_code == 0
    assert said[0].own(TrackOptions).most_points == 8
    assert "Tracks:\n  --most-points <points>" in CliRunner().invoke(program([]), ["--help"]).stdout
    assert "'--most-points'" in CliRunner().invoke(program([]), ["x.csv", "--most-points", "0"]).stderr
