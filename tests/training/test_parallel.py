import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.support.serving import PATIENCE_S
from training import parallel as beside
from training.parallel import Background, each


@pytest.fixture
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "cores", lambda: 3)


@pytest.mark.usefixtures("three_cores")
def test_as_many_items_as_cores_are_worked_on_together_and_answered_in_order() -> None:
    together = threading.Barrier(3, timeout=PATIENCE_S)  # breaks unless three wait at the same time

    def work(item: int) -> int:
        together.wait()
        return item * item

    assert list(each(work, range(9))) == [item * item for item in range(9)]


@pytest.mark.usefixtures("three_cores")
def test_few_items_are_taken_ahead() -> None:
    """A generator of large items is not emptied into memory."""
    taken = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    answers = each(lambda item: item, items())
    assert next(answers) == 0
    assert len(taken) == 4
    assert list(answers) == list(range(1, 100))


def test_what_an_item_raises_is_raised_where_the_answers_are_read() -> None:
    answers = each(lambda item: 1 // item, [1, 0])
    assert next(answers) == 1
    with pytest.raises(ZeroDivisionError):
        next(answers)


def test_work_that_was_begun_goes_on_beside_and_answers_when_asked() -> None:
    gate = threading.Event()
    begun = Background(lambda: (gate.wait(PATIENCE_S), "done"))
    gate.set()
    begun.wait()
    assert begun.result() == (True, "done")


def test_what_begun_work_raises_is_raised_where_its_answer_is_asked_for() -> None:
    begun = Background(lambda: 1 // 0)
    begun.wait()
    with pytest.raises(ZeroDivisionError):
        begun.result()


def test_a_program_that_ends_does_not_wait_for_what_it_began() -> None:
    program = "from threading import Event; from training.parallel import Background; Background(Event().wait)"
    assert subprocess.run([sys.executable, "-c", program], timeout=PATIENCE_S, check=False).returncode == 0
