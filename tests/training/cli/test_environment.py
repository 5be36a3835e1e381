import os

import pytest

from training.cli import environment as quiet

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
