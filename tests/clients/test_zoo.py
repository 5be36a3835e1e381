"""The real models: the files are where they are looked for, and the drawn inputs fit them."""

from typing import Any

import numpy as np
import pytest

from tests.clients import zoo

BY_ROWS = ("magika", "ocr_detector", "ocr_recogniser", "ocr_classifier")  # rows are the first dimension of everything


@pytest.mark.parametrize("name", zoo.names())
def test_drawn_inputs_run_and_the_seed_decides(name: str) -> None:
    once, again, other = (zoo.run(name, zoo.inputs(name, seed=seed)) for seed in (0, 0, 1))
    assert equal(once, again)
    assert not equal(once, other)
    assert all(array.size and np.isfinite(array).all() for array in once.values())


@pytest.mark.parametrize("name", zoo.names())
def test_answers_are_large_enough_for_a_comparison_to_tell(name: str) -> None:
    """A tolerance of 1e-5 says nothing about answers that are all smaller than it."""
    answers = zoo.run(name, zoo.inputs(name))
    assert all(np.abs(array).max() > 1e-2 for array in answers.values())


@pytest.mark.parametrize("name", BY_ROWS)
def test_rows_of_a_batch_answer_as_they_do_alone(name: str) -> None:
    arrays = zoo.inputs(name, rows=3)
    together = zoo.run(name, arrays)
    for row in range(3):
        alone = zoo.run(name, {key: array[row : row + 1] for key, array in arrays.items()})
        for key, array in alone.items():
            np.testing.assert_allclose(together[key][row : row + 1], array, atol=1e-5)


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "ENVIRONMENT", zoo.ROOT / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"make \.venv/zoo/\.done"):
        zoo.path("magika")


def equal(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return all(np.array_equal(left[key], right[key]) for key in left)
