import io

from rich.console import Console

from training.tuning.trials import Search, Trial, card_section, print_trials, trials_bar

TRIALS = (
    Trial(1, 0.5, 0.81, 20, 3.2, ""),
    Trial(2, None, None, 6, 1.0, "--bins 16"),
    Trial(3, 0.4, 0.85, 31, 4.4, "--hidden 64,32 --members 4"),
    Trial(4, 0.4, 0.84, 31, 4.4, "--hidden 64,32 --members 8"),
)
SEARCH = Search(TRIALS, "roc_auc", interrupted=False)


def test_the_best_is_the_first_with_the_least_loss() -> None:
    assert SEARCH.best is TRIALS[2]
    assert SEARCH.facts() == {"trials": 4, "given_up": 1, "validation_loss": 0.4}


def test_a_search_of_which_nothing_came_to_its_end_has_no_best() -> None:
    search = Search(TRIALS[1:2], "roc_auc", interrupted=True)
    assert search.best is None
    assert search.facts()["validation_loss"] is None
    assert "ended by hand" in card_section(search)


def test_every_trial_is_shown_and_the_card_has_the_best_first() -> None:
    said = io.StringIO()
    print_trials(Console(file=said, width=120), SEARCH)
    assert all(f"│ {trial.number} " in said.getvalue() for trial in TRIALS)
    assert "given up" in said.getvalue()
    lines = [line for line in card_section(SEARCH).splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| 3", "| 4", "| 1"]
    assert "as given" in lines[-1]
    assert card_section(None) == ""


def test_a_log_has_a_line_a_trial() -> None:
    said = io.StringIO()
    with trials_bar(Console(file=said), 2) as show:
        show(0, "epoch 1: 0.7")
        show(1, "validation loss 0.5000, best 0.5000")
        show(1, "epoch 1: 0.7, best 0.5000")
        show(2, "given up, best 0.5000")
    assert said.getvalue().splitlines() == [
        "trial 1 of 2: validation loss 0.5000, best 0.5000",
        "trial 2 of 2: given up, best 0.5000",
    ]


def test_a_search_that_goes_on_says_nothing_of_what_was_done_before() -> None:
    said = io.StringIO()
    with trials_bar(Console(file=said), 3) as show:
        show(2, "epoch 1: 0.7, best 0.5000")
        show(3, "validation loss 0.6000, best 0.5000")
    assert said.getvalue().splitlines() == ["trial 3 of 3: validation loss 0.6000, best 0.5000"]


def test_a_terminal_has_a_bar_with_the_best_so_far() -> None:
    said = io.StringIO()
    with trials_bar(Console(file=said, force_terminal=True, width=120), 2) as show:
        show(1, "epoch 3: 0.7000, best 0.5000")
    assert "best 0.5000" in said.getvalue()
    assert "1/2" in said.getvalue()
