"""Keyword arguments are options of the command line, with its checks and its messages."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from training.cli.keywords import options_of
from training.cli.train import app, parse
from training.errors import DataError
from training.options import Options

DATA = Path("-goods.csv")  # no option


def test_they_are_what_the_command_line_makes_of_them() -> None:
    given: dict[str, Any] = {
        **{"target": "y", "hidden": (np.int64(8), 4), "drop": "a, b", "categorical": ["c, d", "e"], "missing": -1},
        **{"stream": False, "jit": True, "class_weights": False, "calibrate": False, "epochs": np.int64(3)},
        **{"positive": 1, "models": "m", "budget": 0.7, "learning_rate": None, "type": ["a=number", "b=category"]},
    }
    words = ["--target=y", "--hidden=8,4", "--drop=a,b", "--missing=-1", "--no-stream", "--jit", "--no-calibrate"]
    words += ["--epochs=3", "--positive=1", "--models=m", "--budget=0.7", "--type=a=number", "--type=b=category"]
    wanted = parse([*words, "--", str(DATA)]).changed(categorical=("c, d", "e"))  # no command line could say it
    assert options_of(DATA, given) == wanted
    assert options_of(DATA, {}) == Options.of(data=DATA)
    assert options_of(DATA, {"target": ["a", "b"]}).data.targets == ("a", "b")


def test_an_option_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'epoch'. Is it 'epochs'\?"):
        options_of(DATA, {"epoch": 3})
    with pytest.raises(TypeError, match="unexpected keyword argument 'data'"):
        options_of(DATA, {"data": "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", 0), ("epochs", True), ("optimizer", "magic"), ("hidden", 0), ("hidden", ["x"])),
        *(("test_share", 0.9), ("budget", "speed=1"), ("task", "guess")),
    ],
)
def test_what_does_not_fit_is_said_as_on_the_command_line(name: str, value: Any) -> None:
    with pytest.raises(DataError) as found:
        options_of(DATA, {name: value})
    written = ",".join(value) if isinstance(value, list) else str(value)
    done = CliRunner().invoke(app, [f"--{name.replace('_', '-')}={written}", "x.csv"])
    assert done.exit_code == 2
    assert str(found.value) in " ".join(done.stderr.split())


@pytest.mark.parametrize(("name", "value"), [("jit", "yes"), ("models", None)])
def test_what_no_command_line_could_say(name: str, value: Any) -> None:
    with pytest.raises(DataError, match=f"`--{name}`: expected .*. Received: {value!r}."):
        options_of(DATA, {name: value})
