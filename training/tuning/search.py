"""Tune: options -> better options, by what the validation rows say of many fits.

    options ─> [ draw ─> fit on the training rows, epoch by epoch ─> validation loss ] x N ─> the best one's options
                 TPE          └── given up where the median trial was better ──┘

The test rows have no part in it. The first trial is the options as given. What is found is fitted again by the
ordinary stages, from the same seed, so that `command` in the manifest repeats the bundle without the search.
A trial is drawn from the seed and what was tried before, so a search that is resumed goes on as it would have.
TPE: Bergstra, Bardenet, Bengio, Kégl 2011, "Algorithms for hyper-parameter optimization"; by Optuna.
It knows nothing about which options are searched, or how the trials are shown.
"""

import hashlib
import shlex
import time
from pathlib import Path
from typing import Any

import keras
import optuna
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from rich.console import Console

from training.data.identity import data_sha256
from training.data.prepare import Data, redescribed
from training.errors import DataError, TrainingError
from training.network import reparameterize
from training.options import Options, by_name, flags
from training.tasks.evaluate import evaluate
from training.trainer.checkpoints import free
from training.trainer.fit import Progress, encoded, fit, on_interrupt, seed_everything
from training.tuning import search_space, trials
from training.tuning.trials import Search, Trial

NAME = "slipway"  # of the one study in a store
FIRST_TRIALS = 4  # so many end by themselves before any is given up
FIRST_EPOCHS = 5  # in these a loss says little about the last one
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
APART = {"tune", "folds", "select"}  # no trial depends on them, either

optuna.logging.set_verbosity(optuna.logging.WARNING)


def tune(options: Options, data: Data, out: Console) -> tuple[Options, Data, Search]:
    """Return the best of `options.tune.trials` sets of options, with the data as they want it."""
    study = open_study(options, len(data.train))
    if there := len(_ended(study)):
        out.print(f"[bold]Tune[/bold] goes on after {there} trials in {options.tune.store}")
    interrupts: list[bool] = []
    with trials.trials_bar(out, options.tune.trials) as show, on_interrupt(lambda: interrupts.append(True)):
        while len(_ended(study)) < options.tune.trials and not interrupts:
            if _try(study, options, data, show):
                interrupts.append(True)
    search = Search(told(study), data.task.main_metric, bool(interrupts))
    trials.print_trials(out, search)
    best = options if search.best is None else search_space.changed(options, study.best_trial.params)
    keras.backend.clear_session()  # layers are numbered anew, and so named as in a run without a search
    seed_everything(options.run.seed, exactly=not options.fit.jit)
    return best.changed(tune=0, tune_store=None), redescribed(data, best), search


def open_study(options: Options, rows: int) -> optuna.Study:
    """Begin a search, or go on with that in the store; raise a DataError for one of other data, options or knobs."""
    study = _load(options.tune.store)
    loose = (free() | APART) - {"data"}  # no trial's validation loss depends on them: a search may go on with others
    about = {
        "data (sha256)": data_sha256(options.data.path),
        "options": shlex.join(flags(options.changed(**{name: by_name()[name].default for name in loose}))),
        "knobs": hashlib.sha256(repr(search_space.space(options, rows)).encode()).hexdigest(),
    }
    for what, value in about.items():
        there = study.user_attrs.get(what, value)
        if there != value:
            raise DataError(
                f"`--tune-store`: expected the {what} of the search in {options.tune.store}: {there!r}. "
                f"Received: {value!r}. Name another file to begin a search of its own."
            )
        study.set_user_attr(what, value)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)  # its process has ended
    return study


def told(study: optuna.Study) -> tuple[Trial, ...]:
    """Return the trials that ended, as people are told of them."""
    ended = study.get_trials(deepcopy=False, states=ENDED)
    return tuple(
        Trial(
            number=place,
            validation_loss=trial.value if trial.state is TrialState.COMPLETE else None,
            metric=trial.user_attrs.get("metric"),
            epochs=len(trial.intermediate_values),
            seconds=trial.user_attrs["seconds"],
            flags=shlex.join(trial.user_attrs["flags"]),
        )
        for place, trial in enumerate(ended, 1)
    )


def _try(study: optuna.Study, options: Options, data: Data, show: trials.Show) -> bool:
    """Draw options and fit them; return whether a person ended it, which makes it a trial to be tried again."""
    done, rows = len(_ended(study)), len(data.train)
    study.sampler = optuna.samplers.TPESampler(seed=options.run.seed + done)
    if not done:
        study.enqueue_trial(search_space.begin(options, rows))
    trial = study.ask(search_space.space(options, rows))
    tried = search_space.changed(options, trial.params)
    trial.set_user_attr("flags", _differing(trial.params, search_space.begin(options, rows), options))
    started = time.monotonic()
    state, loss = _judged(trial, tried, redescribed(data, tried), _progress(trial, study, show, done))
    trial.set_user_attr("seconds", round(time.monotonic() - started, 1))
    study.tell(trial, loss, state=state)
    if state in ENDED:
        said = "given up" if loss is None else f"validation loss {loss:.4f}"
        show(done + 1, f"{said}{_best(study)}")
    return state not in ENDED


def _judged(trial: optuna.Trial, tried: Options, data: Data, progress: Progress) -> tuple[TrialState, float | None]:
    """Fit one network; its validation loss is what the search makes small."""
    keras.backend.clear_session()  # or every trial's graph would stay
    seed_everything(tried.run.seed, exactly=not tried.fit.jit)
    learner = reparameterize.fitted(data.features, data.task, tried)
    parts = encoded(learner, data.task, data.train), encoded(learner, data.task, data.validation)
    try:
        history = fit(learner.trunk, data.task, *parts, tried, progress)
    except (optuna.TrialPruned, TrainingError):  # no better than the median; no number
        return TrialState.PRUNED, None
    if history.interrupted:
        return TrialState.FAIL, None
    metrics = evaluate(data.task, learner.predict, data.validation)
    trial.set_user_attr("metric", metrics[data.task.main_metric])
    return TrialState.COMPLETE, min(history.validation_loss)


def _progress(trial: optuna.Trial, study: optuna.Study, show: trials.Show, done: int) -> Progress:
    """Tell the pruner of each epoch, and give the trial up if it says so."""

    def told(epoch: int, losses: dict[str, float]) -> None:
        loss = losses["validation loss"]
        trial.report(loss, epoch)
        show(done, f"epoch {epoch}: {loss:.4f}{_best(study)}")
        if trial.should_prune():
            raise optuna.TrialPruned

    return told


def _best(study: optuna.Study) -> str:
    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return f", best {study.best_value:.4f}" if ended else ""


def _differing(drawn: dict[str, Any], given: dict[str, Any], options: Options) -> list[str]:
    other = {name: value for name, value in drawn.items() if value != given[name]}
    return flags(search_space.changed(Options.of(data=options.data.path), other))


def _ended(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=ENDED)


def _load(store: Path | None) -> optuna.Study:
    """Open the study of a store, a file to which Optuna adds a line a step; without one it is in memory."""
    pruner = optuna.pruners.MedianPruner(n_startup_trials=FIRST_TRIALS, n_warmup_steps=FIRST_EPOCHS)
    try:
        storage = InMemoryStorage() if store is None else JournalStorage(JournalFileBackend(str(store)))
        return optuna.create_study(storage=storage, pruner=pruner, study_name=NAME, load_if_exists=True)
    except (OSError, ValueError, KeyError, AssertionError) as error:  # Optuna asserts that it can read its own file
        raise DataError(f"`--tune-store`: expected a file of a search, or none yet. Received: {store}.") from error
