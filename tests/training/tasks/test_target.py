import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from training.errors import DataError
from training.tasks.registry import infer_task
from training.tasks.target import Target


def told(*pieces: NDArray[np.generic]) -> Target:
    target = Target("y")
    for piece in pieces:
        target.add(piece)
    return target


def words(*texts: str) -> NDArray[np.object_]:
    return np.array(texts, object)


@pytest.mark.parametrize(
    "values",
    [words("yes", "no"), np.array([1.0, 0, 2]), words("true", "false"), np.array([1.5, 2, 7]), np.arange(5000.0)],
    ids=["text", "few numbers", "booleans", "numbers", "many numbers"],
)
def test_pieces_ask_for_the_task_that_the_whole_asks_for(values: NDArray[np.generic]) -> None:
    half = len(values) // 2
    assert told(values[:half], values[half:]).task(None) == infer_task(pd.Series(values, name="y"))


def test_codes_of_digits_are_labels() -> None:
    """They came as text: numbers were read as such."""
    assert told(words("007", "008", *(f"{n:03}" for n in range(20)))).task(None).name == "multiclass"


def test_a_constant_target_is_refused() -> None:
    with pytest.raises(DataError, match="only 'yes'"):
        told(words("yes"), words("yes")).task(None)


def test_a_word_among_numbers_is_named() -> None:
    with pytest.raises(DataError, match="Received: 'soon'"):
        told(words(*map(str, range(500)), "soon")).task("regression")


def test_a_number_beyond_32_bits_is_refused() -> None:
    with pytest.raises(DataError, match="finite 32-bit numbers"):
        told(np.arange(5000) + 0.5, np.array([1e300])).task(None)
