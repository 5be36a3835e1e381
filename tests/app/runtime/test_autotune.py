"""Where and how a model runs: what measurements decide, and what an operator does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import BundleError
from app.runtime import autotune as decision_module
from app.runtime.autotune import RUN_MAX_BYTES, Decision, decide, row_limit, tile, time_runs
from app.runtime.engine import Engine
from app.runtime.model import load
from app.settings import Settings
from tests.app import graphs


def test_sizes_are_timed_once_each_after_a_warm_up() -> None:
    """Six runs a size, in ascending order; the smallest time counts."""
    calls: list[int] = []
    times = time_runs(calls.append, (8, 1, 8))
    assert list(times) == [1, 8]
    assert calls == [1] * 6 + [8] * 6
    assert all(seconds >= 0 for seconds in times.values())


@pytest.mark.parametrize(
    ("run_s", "limit"),
    [
        ({1: 1e-5, 8: 1.1e-5, 32: 1.2e-5, 256: 2e-5}, 256),  # almost all overhead: the larger the better
        ({1: 1e-3, 8: 8e-3, 32: 32e-3, 256: 256e-3}, 8),  # proportional: what fits into 10 ms
        ({1: 5e-2, 8: 4e-1, 32: 1.6, 256: 13.0}, 1),  # slow and proportional: company saves nothing
        ({1: 1e-1, 8: 2e-1, 32: 6e-1, 256: 4.8}, 32),  # slow, and cheap a row from 32 on
        ({7: 1.0}, 7),
    ],
)
def test_the_row_limit_is_where_more_no_longer_pays(run_s: dict[int, float], limit: int) -> None:
    """As many as run within 10 ms, and no fewer than make a row cost within a tenth of the least."""
    assert row_limit(run_s) == limit


def test_tile_repeats_rows_whole() -> None:
    """Rows are repeated in order and cut at the count; columns stay together."""
    array = np.array([[1, 2], [3, 4]])
    assert tile(array, 5).tolist() == [[1, 2], [3, 4], [1, 2], [3, 4], [1, 2]]
    assert tile(array, 1).tolist() == [[1, 2]]


def test_the_decision_reads_as_a_sentence() -> None:
    """It is what the log says at load."""
    assert str(Decision(False, 2, 1, {})).endswith("at most 1 rows a run (not timed)")
    decision = Decision(True, 1, 256, {1: 8e-6, 32: 2e-5})
    assert str(decision) == "runs on the event loop, 1 thread(s), at most 256 rows a run (1 rows 8 µs, 32 rows 20 µs)"
    assert str(Decision(False, 2, 8, {})).startswith("runs in a worker thread, 2 thread(s)")


# ── where runs happen ──


@pytest.fixture(params=[1.0, 4.0])
def cpus(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(decision_module, "effective_cpus", lambda: request.param)
    count: float = request.param
    return count


def quick(run: object, sizes: tuple[int, ...]) -> dict[int, float]:
    return {rows: 1e-5 * rows**0.5 for rows in sorted(set(sizes))}


def slow(run: object, sizes: tuple[int, ...]) -> dict[int, float]:
    return {rows: 1e-2 * rows**0.5 for rows in sorted(set(sizes))}


def test_a_quick_model_runs_on_the_loop_with_one_thread(
    models: Path, monkeypatch: pytest.MonkeyPatch, cpus: float
) -> None:
    """More threads would cost more than they bring."""
    monkeypatch.setattr(decision_module, "time_runs", quick)
    decision = load(models / "tiny" / "1", Settings()).decision
    assert (decision.inline, decision.threads, decision.max_batch_rows) == (True, 1, 256)


def test_a_slow_model_runs_in_a_thread_with_every_cpu(
    models: Path, monkeypatch: pytest.MonkeyPatch, cpus: float
) -> None:
    """The loop stays free for others."""
    monkeypatch.setattr(decision_module, "time_runs", slow)
    decision = load(models / "tiny" / "1", Settings()).decision
    assert (decision.inline, decision.threads) == (False, int(cpus))


def test_where_there_is_one_cpu_a_thread_is_of_no_use(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of some milliseconds stays on the loop, which could do nothing beside it."""
    monkeypatch.setattr(decision_module, "effective_cpus", lambda: 1.0)
    monkeypatch.setattr(decision_module, "time_runs", lambda run, sizes: dict.fromkeys(sizes, 0.002))
    assert load(models / "tiny" / "1", Settings()).decision.inline
    monkeypatch.setattr(decision_module, "effective_cpus", lambda: 2.0)
    assert not load(models / "tiny" / "1", Settings()).decision.inline


@pytest.mark.parametrize(
    ("chosen", "inline", "threads", "rows"),
    [
        ({"run_on": "loop"}, True, 4, 256),
        ({"threads": 2}, False, 2, 256),
        ({"max_batch_rows": 5}, False, 4, 5),
        ({"max_batch_rows": 1000, "run_on": "loop", "threads": 1}, True, 1, 1000),
    ],
)
def test_an_operator_may_decide(
    chosen: dict[str, object], inline: bool, threads: int, rows: int, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting is obeyed, whatever was measured."""
    monkeypatch.setattr(decision_module, "effective_cpus", lambda: 4.0)
    monkeypatch.setattr(decision_module, "time_runs", slow)
    decision = load(models / "tiny" / "1", Settings.model_validate(chosen)).decision
    assert (decision.inline, decision.threads, decision.max_batch_rows) == (inline, threads, rows)


class Steps:
    """Runs that take what a table says, in seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float]) -> None:
        self._seconds = seconds
        self._now = 0.0
        self.runs: list[int] = []
        monkeypatch.setattr("app.runtime.autotune.time.perf_counter", lambda: self._now)

    def __call__(self, rows: int) -> None:
        self.runs.append(rows)
        if rows not in self._seconds:
            raise BundleError(f"no {rows} rows")
        self._now += self._seconds[rows]


@pytest.mark.parametrize(
    ("seconds", "timed"),
    [
        ({1: 0.6, 8: 4.0}, [1]),  # too slow for a second look
        ({1: 0.004, 8: 0.032, 32: 0.128}, [1, 8]),  # more rows bring nothing, and take long
        ({1: 0.02, 8: 0.03, 32: 0.05, 128: 0.1, 256: 0.2}, [1, 8, 32, 128, 256]),  # they take long, and pay
        ({1: 0.0001, 8: 0.0008, 32: 0.0032, 128: 0.02, 256: 0.04}, [1, 8, 32, 128]),
    ],
)
def test_a_slow_model_is_not_asked_how_slow_it_can_be(
    seconds: dict[int, float], timed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start-up time, and memory, are spent only on sizes that could be chosen."""
    steps = Steps(monkeypatch, seconds)
    assert list(time_runs(steps, (1, 8, 32, 128, 256))) == timed
    assert sorted(set(steps.runs)) == timed


def test_sizes_that_fail_are_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model may have room for 8 rows and no more; one that fails with a single row is refused."""
    assert list(time_runs(Steps(monkeypatch, {1: 1e-5, 8: 2e-5}), (1, 8, 32))) == [1, 8]
    with pytest.raises(BundleError, match="no 1 rows"):
        time_runs(Steps(monkeypatch, {}), (1, 8))


def timed_sizes(monkeypatch: pytest.MonkeyPatch, row: graphs.Array, **choices: Any) -> tuple[int, ...]:
    """Return the rows at which a model with such rows would be timed."""
    seen: list[tuple[int, ...]] = []

    def note(run: object, sizes: tuple[int, ...]) -> dict[int, float]:
        seen.append(sizes)
        return dict.fromkeys(sizes, 1e-5)

    monkeypatch.setattr(decision_module, "time_runs", note)
    settings = Settings.model_validate({"max_batch_rows": choices.pop("max_batch_rows", None)})
    decide(lambda threads: None, {"x": row}, settings, **choices)  # type: ignore[arg-type,return-value]  # no run is real
    return seen[0]


def test_rows_at_which_a_model_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer where rows may be larger than the sample's, or are so large that many fill the memory."""
    small, large = np.zeros((1, 4), np.float32), np.zeros((1, RUN_MAX_BYTES // 4 // 10), np.float32)
    assert timed_sizes(monkeypatch, small) == (1, 8, 32, 128, 256)
    assert timed_sizes(monkeypatch, large) == (1, 8)
    assert timed_sizes(monkeypatch, np.zeros((1, RUN_MAX_BYTES), np.float32)) == (1,)
    assert timed_sizes(monkeypatch, small, steady=False) == (1, 8)
    assert timed_sizes(monkeypatch, small, batched=False, max_batch_rows=100) == (1,)
    assert timed_sizes(monkeypatch, large, max_batch_rows=100, steady=False) == (1, 8, 32, 100)


def test_what_cannot_be_timed_runs_in_a_thread_with_every_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpus: float
) -> None:
    """Nothing says that it is quick; an operator may know it."""
    path = graphs.write(tmp_path, graphs.linear()) / "model.onnx"
    _, decision = decide(lambda threads: Engine(path, threads), None, Settings(), batched=False)
    assert decision == Decision(inline=False, threads=int(cpus), max_batch_rows=1, run_s={})
    chosen = Settings(threads=3, run_on="loop")
    engine, decision = decide(lambda threads: Engine(path, threads), None, chosen, batched=False)
    assert (decision.inline, decision.threads, engine.threads) == (True, 3, 3)


def test_the_largest_run_says_whether_it_is_one_for_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows differ in size, usual ones are quick and the largest may not be."""
    monkeypatch.setattr(decision_module, "time_runs", quick)
    monkeypatch.setattr(decision_module, "effective_cpus", lambda: 2.0)
    sample, found = {"x": np.zeros((1, 4), np.float32)}, []
    for seconds in (decision_module.INLINE_MAX_S / 2, 2 * decision_module.INLINE_MAX_S):
        monkeypatch.setattr(decision_module, "_best", lambda run, rows, seconds=seconds: seconds)
        _, decision = decide(lambda threads: None, sample, Settings(), largest=sample)  # type: ignore[arg-type,return-value]
        found.append((decision.inline, decision.largest_run_s))
    assert found == [(True, 0.0005), (False, 0.002)]
    assert str(decision).endswith(", the largest 2000 µs)")


@pytest.mark.parametrize(("gain", "threads"), [(0.5, 2), (0.9, 1)])
def test_more_threads_are_kept_where_they_pay(gain: float, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows differ in size; elsewhere they always do."""
    timings = iter([{32: 0.01}, {32: 0.01 * gain}])
    monkeypatch.setattr(decision_module, "time_runs", lambda run, sizes: next(timings))
    monkeypatch.setattr(decision_module, "effective_cpus", lambda: 2.0)
    monkeypatch.setattr(decision_module, "_best", lambda run, rows: 0.02)
    sample = {"x": np.zeros((1, 4), np.float32)}
    engine, decision = decide(str, sample, Settings(), largest=sample)  # type: ignore[arg-type]
    assert (str(engine), decision.threads) == (str(threads), threads)
    assert decision.run_s == {32: 0.005 if threads == 2 else 0.01}


def test_a_quick_sample_says_little_where_requests_may_be_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    """So such a model runs in a thread, however quick the sample was."""
    monkeypatch.setattr(decision_module, "time_runs", quick)
    sample = {"x": np.zeros((1, 4), np.float32)}
    for steady in (True, False):
        _, decision = decide(lambda threads: None, sample, Settings(), steady=steady)  # type: ignore[arg-type,return-value]
        assert decision.inline is steady
