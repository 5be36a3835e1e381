import gc
import os

import pytest

from training.cli import environment as quiet
from training.cli.environment import loading

THREADS = "TF_NUM_INTRAOP_THREADS"


@pytest.mark.parametrize(("cores", "threads"), [(1, "1"), (2, "1"), (8, "4")])
def test_half_of_the_cores_work_on_one_product(monkeypatch: pytest.MonkeyPatch, cores: int, threads: str) -> None:
    monkeypatch.setattr(quiet, "cores", lambda: cores)
    monkeypatch.setenv(THREADS, "")
    del os.environ[THREADS]
    quiet.set_environment()
    assert os.environ[THREADS] == threads


def test_what_a_person_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS, "3")
    quiet.set_environment()
    assert os.environ[THREADS] == "3"


def test_nothing_is_collected_while_loading_and_all_of_it_is_left_alone_after() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_a_library_that_fails_to_load_leaves_the_collector_on() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()
    gc.unfreeze()
