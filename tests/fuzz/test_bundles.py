"""A sample of what `python -m tests.fuzz.bundles` loads, and whether it would see what is wrong."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import BundleError
from app.runtime.model import load
from app.settings import Settings
from tests.fuzz import bundles
from tests.fuzz.bundle_mutations import Mutant
from tests.fuzz.bundles import Outcome


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> bundles.Bases:
    return bundles.made(tmp_path_factory.mktemp("bases"))


def test_mutants_are_loaded_or_refused_by_name(bases: bundles.Bases, tmp_path: Path) -> None:
    """Nothing else, and those that are loaded answer as their golden rows allow."""
    tally = bundles.Tally()
    bundles.fuzz(bases, 150, "suite", tmp_path, tmp_path / "kept", tally)
    assert not tally.outcomes["fault"], list((tmp_path / "kept").rglob("*"))
    assert tally.outcomes["loaded"] > 5
    assert tally.outcomes["refused"] > 75
    assert len(tally.kinds) >= 8  # of four kinds, loaded and refused


def test_a_seed_makes_the_same(bases: bundles.Bases) -> None:
    def made(seed: str) -> list[dict[str, Any]]:
        return [Mutant(bases.files, f"{seed}/{at}").files for at in range(40)]

    assert made("1") == made("1") != made("2")


def killed(*_: object) -> Outcome:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def endless(*_: object) -> Outcome:
    while True:
        pass


def greedy(*_: object) -> Outcome:
    bytearray(2 * bundles.MEMORY_BYTES)
    raise AssertionError


@pytest.mark.parametrize(
    ("judged", "kind"), [(killed, "crash"), (endless, "time"), (greedy, "crash")], ids=["killed", "endless", "greedy"]
)
def test_what_ends_a_child_is_counted(
    judged: Callable[..., Outcome], kind: str, bases: bundles.Bases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the server goes on; what is too large for the child is its `MemoryError`, or its end."""
    server = bundles.Server(bases, tmp_path)
    monkeypatch.setattr(bundles, "CPU_S", 1)
    monkeypatch.setattr(bundles, "judged", judged)
    assert server.outcome(Mutant(bases.files, "0")).kind == kind
    monkeypatch.undo()
    assert server.outcome(Mutant(bases.files, "0")).kind in bundles.GOOD


def test_wrong_answers_and_errors_without_a_name_are_faults(
    bases: bundles.Bases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(loading: Callable[..., Any]) -> Outcome:
        monkeypatch.setattr(bundles, "load", loading)
        return bundles.judged(folder, Settings(models=tmp_path), changed=True)

    def fails(error: Exception) -> Callable[..., Any]:
        def failing(*_: object) -> None:
            raise error

        return failing

    folder = tmp_path / "tiny" / "1"
    folder.mkdir(parents=True)
    for name, content in bases.files["tiny"].items():
        (folder / name).write_bytes(content)
    assert of(load).kind == "loaded"
    assert of(fails(BundleError(f"{folder}: no."))).kind == "refused"
    assert of(fails(BundleError("no."))).kind == "fault"
    assert of(fails(KeyError("no"))).what.startswith("KeyError at ")

    def shifted(*given: Any) -> Any:
        model = load(*given)
        golden = (folder / "golden.json").read_bytes()
        (folder / "golden.json").write_bytes(golden.replace(b"0.", b"0.0", 1000))
        return model

    assert of(shifted).what.startswith("an answer that the golden rows do not allow")
