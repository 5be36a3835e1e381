from pathlib import Path

import optuna
import pytest

from training.cli import train as cli
from training.features.options import NumberOptions
from training.options import Options, flags
from training.tuning import search_space as space

GIVEN = Options.of(data=Path("goods.csv"), target="sold")
ROWS = 10_000


def test_the_first_trial_is_the_options_as_given() -> None:
    """Each default is among the values that are searched, so that the first trial can be told to TPE."""
    begin = space.begin(GIVEN, ROWS)
    tried = space.changed(GIVEN, begin)
    assert (tried.network, tried.others) == (GIVEN.network, GIVEN.others)
    assert (tried.fit.learning_rate, tried.fit.batch_size) == (0.002, 128)
    for name, knob in space.space(GIVEN, ROWS).items():
        assert knob._contains(knob.to_internal_repr(begin[name])), name


def test_what_was_given_is_not_searched() -> None:
    given = Options.of(data=Path("goods.csv"), target="sold", hidden=(512, 512), bins=7, learning_rate=0.1)
    open_knobs = space.space(given, ROWS).keys()
    assert not open_knobs & {"hidden", "bins", "learning_rate"}
    assert {"network", "members", "dropout"} <= open_knobs
    tried = space.changed(given, space.begin(given, ROWS))
    assert (tried.network.hidden, tried.own(NumberOptions).bins, tried.fit.learning_rate) == ((512, 512), 7, 0.1)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_drawn_can_be_written_on_a_command_line(seed: int) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    tried = space.changed(GIVEN, study.ask(space.space(GIVEN, ROWS)).params)
    assert cli.parse(["goods.csv", *flags(tried)]) == tried
    assert len(f"{tried.fit.learning_rate:g}".replace(".", "").strip("0")) <= space.DIGITS


def test_the_first_trial_of_very_many_rows_has_the_rate_of_their_batches() -> None:
    first = space.begin(GIVEN, 600_000)
    assert (first["batch_size"], first["learning_rate"]) == (1024, 0.004)
