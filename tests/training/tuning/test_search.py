import dataclasses
import io
import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from optuna.trial import TrialState
from rich.console import Console

from app.bundle import reader as contract
from tests.training.conftest import options_for
from training.cli import train as cli
from training.data.prepare import Data, prepare
from training.errors import DataError
from training.features.options import NumberOptions
from training.options import Options
from training.pipeline import train
from training.tuning import search as tune
from training.tuning import search_space as space
from training.tuning import trials
from training.tuning.trials import Search, Show, Trial

QUIET = Console(file=io.StringIO())


def given(data_file: Path, **changes: object) -> Options:
    """Few knobs are open, so that a trial is quick."""
    held = {"epochs": 6, "members": 2, "embedding": 3, "batch_size": 64, "bins": 5, "hidden": (12,), "averaging": 0.5}
    return options_for(data_file, "sold", **{**held, "tune": 2, **changes})


def bare(search: Search) -> list[Trial]:
    return [dataclasses.replace(trial, seconds=0) for trial in search.trials]


@pytest.fixture(scope="module")
def prepared(data_file: Path) -> Data:
    return prepare(given(data_file))


@pytest.fixture(scope="module")
def searched(data_file: Path, prepared: Data) -> tuple[Options, Data, Search]:
    blind = dataclasses.replace(prepared, test=None)  # type: ignore[arg-type]  # whoever looks at the test split fails
    return tune.tune(given(data_file), blind, QUIET)


def test_the_options_of_the_best_trial_are_returned(searched: tuple[Options, Data, Search], data_file: Path) -> None:
    options, _, search = searched
    assert [trial.number for trial in search.trials] == [1, 2]
    assert search.trials[0].flags == ""
    assert len({trial.flags for trial in search.trials}) == 2
    assert search.best is not None
    assert search.best.validation_loss == min(t.validation_loss for t in search.trials if t.validation_loss is not None)
    assert (options.tune.trials, options.tune.store) == (0, None)
    assert (options.own(NumberOptions).bins, options.network.hidden) == (5, (12,))
    assert shlex.join(["--dropout", str(options.network.dropout)]) in search.best.flags or not search.best.flags


def test_a_streamed_file_is_searched_by_its_sample_and_then_fitted_whole(data_file: Path, tmp_path: Path) -> None:
    """With a second fit after it, and checkpoints of both."""
    options = given(data_file, stream=True, select=True, models=tmp_path, checkpoints=tmp_path / "saved", epochs=3)
    found = contract.read(train(options, QUIET)).manifest.training
    assert found["search"]["trials"] == 2
    assert found["selection"] is not None
    assert not (tmp_path / "saved").exists()


def test_a_search_that_is_resumed_goes_on_as_it_would_have(
    searched: tuple[Options, Data, Search], data_file: Path, prepared: Data, tmp_path: Path
) -> None:
    """One trial, then a process that was killed in the second, then the rest."""
    store = tmp_path / "search.log"
    tune.tune(given(data_file, tune=1, tune_store=store), prepared, QUIET)
    killed = tune.open_study(given(data_file, tune_store=store), len(prepared.train))
    killed.ask()
    options, _, search = tune.tune(given(data_file, tune_store=store), prepared, QUIET)
    assert bare(search) == bare(searched[2])
    assert options == searched[0]
    again = tune.open_study(given(data_file, tune_store=store), len(prepared.train))
    assert [trial.state for trial in again.trials].count(TrialState.FAIL) == 1


def test_a_store_of_other_options_or_data_is_refused(
    data_file: Path, prepared: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "search.log"
    rows = len(prepared.train)
    tune.open_study(given(data_file, tune_store=store), rows)
    with pytest.raises(DataError, match=r"(?s)`--tune-store`: expected the options .*--epochs 6.*--epochs 7"):
        tune.open_study(given(data_file, tune_store=store, epochs=7), rows)
    other = tmp_path / data_file.name
    other.write_bytes(data_file.read_bytes() + b"\n")
    with pytest.raises(DataError, match=r"`--tune-store`: expected the data \(sha256\)"):
        tune.open_study(given(data_file, tune_store=store).changed(data=other), rows)
    tune.open_study(
        given(data_file, tune_store=store, tune=9, models=tmp_path, precision="fp32", compress="full"), rows
    )
    monkeypatch.setattr(space, "RATE_SPAN", 8.0)
    with pytest.raises(DataError, match="expected the knobs"):
        tune.open_study(given(data_file, tune_store=store), rows)


@pytest.mark.parametrize("content", [b"not a store\n", b"\xff\xfe\x00", b'{"op_code": 99}\n'])
def test_a_store_that_is_none_is_refused(data_file: Path, tmp_path: Path, content: bytes) -> None:
    store = tmp_path / "search.log"
    store.write_bytes(content)
    with pytest.raises(DataError, match="`--tune-store`: expected a file of a search"):
        tune.open_study(given(data_file, tune_store=store), 100)
    with pytest.raises(DataError, match="`--tune-store`"):
        tune.open_study(given(data_file, tune_store=tmp_path / "no" / "such" / "folder"), 100)


def test_bad_trials_are_given_up(data_file: Path, prepared: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "FIRST_TRIALS", 1)
    monkeypatch.setattr(tune, "FIRST_EPOCHS", 1)
    _, _, search = tune.tune(given(data_file, tune=3, epochs=8), prepared, QUIET)
    given_up = [trial for trial in search.trials if trial.validation_loss is None]
    assert given_up
    assert all(trial.epochs < 8 for trial in given_up)
    assert search.best not in given_up


def test_a_loss_that_is_no_number_is_given_up_and_the_search_goes_on(data_file: Path, prepared: Data) -> None:
    wild = given(data_file, learning_rate=1e30, optimizer="sgd", tune=1)
    options, _, search = tune.tune(wild, prepared, QUIET)
    assert [trial.validation_loss for trial in search.trials] == [None]
    assert search.best is None
    assert options == wild.changed(tune=0)


def test_ctrl_c_keeps_the_best_so_far(data_file: Path, prepared: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second trial is interrupted: it does not count, and the first one's options are used."""
    before = signal.getsignal(signal.SIGINT)

    @contextmanager
    def interrupting(_out: Console, _trials: int) -> Iterator[Show]:
        def show(done: int, said: str) -> None:
            if done == 1 and said.startswith("epoch 2"):
                os.kill(os.getpid(), signal.SIGINT)

        yield show

    monkeypatch.setattr(trials, "trials_bar", interrupting)
    options, _, search = tune.tune(given(data_file, tune=50, epochs=500, patience=4), prepared, QUIET)
    assert search.interrupted
    assert len(search.trials) == 1
    assert options.network.dropout == given(data_file).network.dropout
    assert signal.getsignal(signal.SIGINT) is before


def test_the_manifest_repeats_the_shipped_run_without_the_search(data_file: Path, tmp_path: Path) -> None:
    said = io.StringIO()
    options = given(data_file, tune=2, models=tmp_path / "searched", tune_store=tmp_path / "search.log")
    folder = train(options, Console(file=said, width=200))
    manifest = contract.read(folder).manifest
    assert "--tune" not in manifest.training["command"]
    assert manifest.training["search"]["trials"] == 2
    assert "## How the options were found" in (folder / "card.md").read_text()
    assert "trial 2 of 2" in said.getvalue()
    words = shlex.split(manifest.training["command"])[4:]
    again = cli.parse([str(data_file), *words]).changed(models=tmp_path / "again")
    repeated = contract.read(train(again, QUIET)).manifest
    assert repeated.metrics["fp32"] == manifest.metrics["fp32"]
    assert (repeated.training["epochs"], repeated.training["best_epoch"]) == (
        manifest.training["epochs"],
        manifest.training["best_epoch"],
    )
    assert "search" not in repeated.training
