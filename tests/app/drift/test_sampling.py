"""The sample is bounded in rows and bytes, and whatever the traffic does, its weighted rows are as many as came."""

import random
import threading
from pathlib import Path

import numpy as np
import pytest

from app.bundle import reader as bundles
from app.drift.counts import Table
from app.drift.sampling import ROWS_MAX, Copied, Part, Sample, Watch
from app.features.feature_set import FeatureSet
from app.features.rows import rows_of
from app.tensors import Array
from tests.support import tiny

COLUMNS, LONGEST = 2, 4


@pytest.fixture(autouse=True)
def same_lots() -> None:
    """The coins fall alike in every run: an estimate beyond its bounds is a fault of the code, and not bad luck."""
    random.seed(1)


def run_of(rows: int, value: float = 1.0, word: str = "low") -> tuple[dict[str, Array], dict[str, Array]]:
    """The arrays of one run."""
    words = np.array([[word]] * rows, object)
    return {"numeric": np.full((rows, 1), value, np.float32), "words": words}, answers_of(rows)


def answers_of(rows: int) -> dict[str, Array]:
    return {"probabilities": np.ones((rows, 2), np.float32)}


def count_of(part: Part) -> int:
    return len(part.outputs["probabilities"])


def filled(runs: int, rows: int = 1) -> Sample:
    sample = Sample(COLUMNS, LONGEST)
    for number in range(runs):
        sample.add(*run_of(rows, float(number)))
    return sample


def kept(parts: list[Part]) -> int:
    return sum([count_of(part) for part in parts])


def weight(parts: list[Part]) -> float:
    return sum([part.weight * count_of(part) for part in parts])


def test_few_rows_are_all_kept_and_stand_for_themselves() -> None:
    parts = filled(ROWS_MAX).take()
    assert [part.weight for part in parts] == [1.0]
    assert parts[0].inputs["numeric"].ravel().tolist() == list(range(ROWS_MAX))
    assert parts[0].inputs["words"].shape == (ROWS_MAX, 1)


def test_what_was_taken_does_not_come_again() -> None:
    sample = filled(3)
    assert kept(sample.take()) == 3
    assert sample.take() == []


@pytest.fixture(scope="module")
def windows() -> list[list[Part]]:
    """What forty samples kept, each of 8,000 runs of a row."""
    random.seed(1)
    return [filled(8_000).take() for _ in range(40)]


@pytest.mark.parametrize("rows", [1, 7, 250])
def test_many_rows_are_bounded_and_stand_for_all(rows: int, windows: list[list[Part]]) -> None:
    """The mean of forty estimates is within five of its deviations."""
    runs = 8_000 // rows
    estimates = []
    for parts in windows if rows == 1 else [filled(runs, rows).take() for _ in range(40)]:
        assert 0 <= kept(parts) <= ROWS_MAX
        estimates.append(weight(parts))
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - runs * rows) < 5 * error
    assert np.mean(estimates) == pytest.approx(runs * rows, rel=0.3)


def test_early_and_late_rows_are_kept_alike(windows: list[list[Part]]) -> None:
    """A sample that kept the first, or the last, would see half a window."""
    late = [float(np.mean(part.inputs["numeric"] >= 4_000)) for parts in windows for part in parts]
    assert np.mean(late) == pytest.approx(0.5, abs=0.03)


def test_after_a_rush_all_rows_are_kept_again() -> None:
    sample = filled(50_000)
    sample.take()
    for _ in range(10):  # one window at most is thinner than it need be
        sample.add(*run_of(1))
    sample.take()
    for _ in range(10):
        sample.add(*run_of(1))
    assert weight(sample.take()) == 10


def test_a_steady_rush_fills_the_sample_each_time() -> None:
    sample = Sample(COLUMNS, LONGEST)
    for _ in range(5):
        for _ in range(20_000):
            sample.add(*run_of(1))
        assert kept(sample.take()) > ROWS_MAX / 4


def test_a_run_above_the_bound_is_kept_in_part() -> None:
    parts = filled(1, 10 * ROWS_MAX).take()
    assert kept(parts) == ROWS_MAX
    assert weight(parts) == 10 * ROWS_MAX


def test_wide_rows_are_fewer() -> None:
    sample = Sample(500, LONGEST)
    for _ in range(ROWS_MAX):
        sample.add(*run_of(1))
    assert kept(sample.take()) <= 40


def test_endless_words_are_not_kept_alive() -> None:
    """Cut one behind the longest known word they are as unknown as before."""
    sample = Sample(COLUMNS, LONGEST)
    inputs, answers = run_of(2)
    inputs["words"][1, 0] = "x" * 100_000
    sample.add(inputs, answers)
    assert sample.take()[0].inputs["words"].ravel().tolist() == ["low", "x" * (LONGEST + 1)]


def test_the_body_of_a_request_is_not_kept_alive() -> None:
    body = np.arange(10_000, dtype=np.float32).reshape(-1, 1)
    sample = Sample(COLUMNS, LONGEST)
    sample.add({"numeric": body[10:12]}, answers_of(2))
    found = sample.take()[0].inputs["numeric"]
    assert found.ravel().tolist() == [10, 11]
    assert found.base is None


def test_slices_of_copies_are_copies() -> None:
    """A copy that is cut into pieces is still not counted."""
    rows = rows_of(FeatureSet([]), [1, 2, 3], Copied)
    assert type(rows[1:]) is Copied
    assert list(rows[1:]) == [2, 3]


def test_runs_of_other_shapes_stand_apart() -> None:
    """A type may pad its tensor to the longest of a run."""
    sample = Sample(COLUMNS, LONGEST)
    for points in (3, 5, 3):
        sample.add({"points": np.zeros((1, points, 2), np.float32)}, answers_of(1))
    assert sorted([part.inputs["points"].shape for part in sample.take()]) == [(1, 5, 2), (2, 3, 2)]


def test_two_threads_lose_nothing(tmp_path: Path) -> None:
    """One runs the model, the other counts."""
    watch = Watch(Table(bundles.read(tiny.write(tmp_path, tiny.Tiny(profiled=True)))))
    inputs = tiny.tensors(tiny.Tiny(), [tiny.instance(tiny.Tiny())])
    total, runs, ended = 0, 900, threading.Event()

    def run() -> None:
        for _ in range(runs):  # few enough for each to be kept, whenever the other takes them
            watch.add(inputs, answers_of(1))
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    while not ended.is_set():
        counts = watch.take()
        total += 0 if counts is None else counts.rows
    thread.join()
    counts = watch.take()
    assert total + (0 if counts is None else counts.rows) == runs


def test_nothing_is_nothing_to_count(tmp_path: Path) -> None:
    assert Watch(Table(bundles.read(tiny.write(tmp_path, tiny.Tiny(profiled=True))))).take() is None
