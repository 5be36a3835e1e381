"""How long a turn takes: time from run to run, by time and not by runs, and who is counted in it."""

import pytest

from app.batching.turn_time import Pace


def test_it_is_learned_from_what_ran() -> None:
    """From nothing; a run without company is its own time."""
    pace = Pace(4)
    assert pace.turn_s == 0
    pace.ran(10.0, 10.5, backlog=False)
    pace.ran(99.0, 99.5, backlog=False)
    assert pace.turn_s == pytest.approx(0.5, rel=0.01)


def test_while_rows_wait_all_time_counts() -> None:
    """What the loop does between two runs is part of the turn; once nothing waits it is not."""
    pace = Pace(4)
    pace.ran(0.0, 0.001, backlog=True)
    pace.ran(5.0, 5.001, backlog=True)
    assert pace.turn_s == pytest.approx(5.0, rel=0.01)
    pace.rest()
    pace.ran(9.0, 9.001, backlog=True)
    assert pace.turn_s < 2.6


def test_it_weighs_time_and_not_runs() -> None:
    """Many quick runs after one long turn do not make it forgotten: they are turns of one stretch of time."""
    pace = Pace(4)
    pace.ran(0.0, 0.0, backlog=True)
    pace.ran(0.018, 0.020, backlog=True)
    for n in range(1, 6):
        pace.ran(0.0195 + 0.001 * n, 0.020 + 0.001 * n, backlog=True)
    assert 0.003 < pace.turn_s < 0.0045  # 25 ms over seven runs, the first of them faded
    for n in range(6, 400):
        pace.ran(0.0195 + 0.001 * n, 0.020 + 0.001 * n, backlog=True)
    assert abs(pace.turn_s - 0.001) < 1e-4  # what is long past is forgotten


@pytest.mark.parametrize(("run_s", "turn_s"), [(0.001, 4.0 / 11), (3.9, 4.0)])
def test_those_refused_count_where_the_model_is_not_what_takes_the_time(run_s: float, turn_s: float) -> None:
    """To refuse takes as long as to answer then, and must not look like a slow model; later they are forgotten."""
    pace = Pace(4)
    pace.ran(-100.0, -100.0, backlog=True)
    pace.ran(-4.0, -4.0, backlog=True)
    for _ in range(40):
        pace.refused()
    pace.ran(0.0 - run_s, 0.0, backlog=True)
    assert pace.turn_s == pytest.approx(turn_s)
    pace.ran(4.0 - run_s, 4.0, backlog=True)
    assert pace.turn_s == pytest.approx(4.0)


def test_runs_are_what_takes_the_time_or_not() -> None:
    """Of the time between two runs that follow one another, all but a twentieth went elsewhere."""
    pace = Pace(8)
    pace.ran(0.0, 1.0, backlog=True)
    assert pace.mostly_runs
    pace.ran(2.9, 3.0, backlog=True)
    assert not pace.mostly_runs
