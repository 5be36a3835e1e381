"""A split is warned of where it promises more than another gives, with both figures; nothing is decided."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from app.bundle import reader as contract
from tests.training.evaluation.splits.walks import options_of, read, visits, walk
from training.cli import inspect
from training.evaluation.splits.check import differences, warned
from training.pipeline import train
from training.pipeline.run import begin
from training.pipeline.train import _prepare

STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@STREAM
def test_time_is_warned_of_with_both_figures(tmp_path: Path, stream: bool) -> None:
    data, options = read(walk(), tmp_path, "price", stream=stream)
    (one,) = differences(data, options)
    assert one.random.low > 0.8
    assert one.other.value < 0.3
    (said,) = warned(data, options).warnings
    assert re.match(r"`hours` runs with the rows: split at random, boosting has r2 0\.9\d+ \[.*\]; by time ", said)
    assert "`--split time --time-column hours`" in said


@STREAM
@pytest.mark.parametrize("target", ["price", "sold"])
def test_groups_are_warned_of_with_both_figures(tmp_path: Path, target: str, stream: bool) -> None:
    data, options = read(visits(2.0), tmp_path, target, stream=stream)
    (said,) = warned(data, options).warnings
    assert "`customer` repeats, and its values predict the target" in said
    assert "`--split group --group-column customer`" in said


def test_the_test_rows_have_no_part_in_it(tmp_path: Path) -> None:
    """Whatever stands in them, the figures are the same."""
    data, options = read(walk(), tmp_path, "price")
    before = list(differences(data, options))
    data.table.features.iloc[data.parts.test] = np.nan
    data.table.target.iloc[data.parts.test] = -1e9
    data.test.y[:] = -1e9
    assert list(differences(data, options)) == before


@pytest.mark.parametrize("seed", [0, 1])
def test_where_both_splits_give_the_same_nothing_is_said(tmp_path: Path, seed: int) -> None:
    """Rows with a time and an id that say no more of later rows, or other groups, than of these."""
    random = np.random.default_rng(seed)
    rows = visits(0.3).assign(hours=lambda frame: np.arange(len(frame)) + random.random(len(frame)) / 2)
    data, options = read(rows, tmp_path, "price", seed=seed)
    assert len(list(differences(data, options))) >= 1
    assert not warned(data, options).warnings


def test_a_table_that_is_sorted_by_its_label_is_not_compared(tmp_path: Path) -> None:
    rows = visits(0.0).sort_values("sold").assign(hours=lambda frame: np.arange(len(frame)) + 0.5)
    data, options = read(rows, tmp_path, "sold")
    assert list(differences(data, options)) == []


def test_a_person_who_has_decided_is_not_warned(tmp_path: Path) -> None:
    data, options = read(walk(), tmp_path, "price", split="time")
    assert warned(data, options) is data


def test_the_figures_stand_on_the_console_and_in_a_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And so on the card, which has every warning of the data."""
    options, said = options_of(walk(), tmp_path, "price"), io.StringIO()
    run = begin(options, Console(file=said, width=500), None)
    _prepare(run, None)
    run.baselines.wait()
    assert "`hours` runs with the rows" in said.getvalue()
    assert "`--split time --time-column hours`" in run.data.warnings[0]
    inspect.run(options)
    assert "hours` runs with the rows" in capsys.readouterr().out


def test_by_time_the_card_promises_what_later_rows_give(tmp_path: Path) -> None:
    """The first rows of a random walk say little of its last: no R² of 0.97 stands on the card."""
    path = Path(__file__).parents[2] / "data" / "faults" / "26-time" / "past.csv"
    options = options_of(pd.read_csv(path), tmp_path, "price", epochs=5, hidden=(16,), models=tmp_path / "models")
    folder = train(options.changed(split="time"), Console(file=io.StringIO()))
    manifest = contract.read(folder).manifest
    assert manifest.metrics["shipped"]["r2"] < 0.3
    low, high = manifest.training["intervals"]["shipped"]["r2"]
    assert low < high < 0.97
    assert manifest.training["split"]["way"] == "time"
    card = (folder / contract.CARD).read_text()
    assert "Rows were split by time (`hours_since_start`): training up to " in card
