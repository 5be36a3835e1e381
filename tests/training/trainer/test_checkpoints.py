from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import options_for
from training.errors import DataError
from training.trainer.checkpoints import Checkpoints, State, run_of

RUN = {"hidden": [16], "data": "abc"}


def state(epochs: int) -> State:
    return State(epochs, {"w": np.full((3, 2), epochs, np.float32)}, {"best": float("nan"), "wait": epochs})


def saved(folder: Path, *epochs: int) -> Checkpoints:
    checkpoints = Checkpoints(folder, RUN)
    for epoch in epochs:
        checkpoints.save(state(epoch))
    return checkpoints


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_state_comes_back(tmp_path: Path) -> None:
    found = saved(tmp_path / "new", 1, 2, 3).newest()
    assert found is not None
    assert found.epochs == found.facts["wait"] == 3
    assert np.isnan(found.facts["best"])
    assert (found.arrays["w"] == np.full((3, 2), 3, np.float32)).all()
    assert found.arrays["w"].dtype == np.float32


def test_two_generations_stay(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2, 3)
    assert files(tmp_path) == ["epoch-000002.npz", "epoch-000003.npz"]


@pytest.mark.parametrize("kept", [0, 1, 100, 500, 600])
def test_a_file_cut_off_anywhere_is_passed_over(tmp_path: Path, kept: int) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    newest = tmp_path / "epoch-000002.npz"
    assert kept < newest.stat().st_size
    newest.write_bytes(newest.read_bytes()[:kept])
    found = checkpoints.newest()
    assert found is not None
    assert found.epochs == 1


def test_a_changed_number_is_passed_over(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    newest = tmp_path / "epoch-000002.npz"
    content = newest.read_bytes()
    two = np.float32(2).tobytes()
    assert content.count(two * 6) == 1
    newest.write_bytes(content.replace(two * 6, two * 5 + np.float32(3).tobytes()))
    found = checkpoints.newest()
    assert found is not None
    assert found.epochs == 1


def test_what_was_being_written_does_not_count(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1)
    (tmp_path / "writing.tmp").write_bytes(b"half")
    assert checkpoints.newest() is not None
    checkpoints.remove()
    assert not tmp_path.exists()


def test_nothing_there_is_no_state(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "none", RUN).newest() is None


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    saved(tmp_path, 1).remove()
    assert files(tmp_path) == ["mine.txt"]


def test_another_run_is_refused_with_what_differs(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    with pytest.raises(DataError, match=r"differs in hidden \(there \[16\], here \[64\]\)\. Repeat that run"):
        Checkpoints(tmp_path, {**RUN, "hidden": [64]}).newest()


def test_a_run_is_its_options_and_its_data(data_file: Path, tmp_path: Path) -> None:
    run = run_of(options_for(data_file, "sold"))
    assert run_of(options_for(data_file, "sold", models=tmp_path, name="other", checkpoints=tmp_path)) == run
    assert run_of(options_for(data_file, "sold", seed=1)) != run
    other = tmp_path / "other.csv"
    other.write_bytes(data_file.read_bytes())
    assert run_of(options_for(other, "sold")) == run
    other.write_bytes(data_file.read_bytes()[:-1])
    assert run_of(options_for(other, "sold")) != run
