import pandas as pd
import pytest

from training.errors import DataError
from training.tasks.registry import infer_task
from training.tasks.streaming_target import Target


def told(*pieces: list[str]) -> Target:
    target = Target("y")
    for piece in pieces:
        target.add(pd.Series(piece, dtype=object))
    return target


@pytest.mark.parametrize(
    "values",
    [["yes", "no"], ["1", "0", "2"], ["true", "false"], ["1.5", "2", "7"], [str(n) for n in range(5000)]],
    ids=["text", "few numbers", "booleans", "numbers", "many numbers"],
)
def test_pieces_ask_for_the_task_that_the_whole_asks_for(values: list[str]) -> None:
    half = len(values) // 2
    assert told(values[:half], values[half:]).task(None) == infer_task(pd.Series(values, dtype=object, name="y"))


def test_a_constant_target_is_refused() -> None:
    with pytest.raises(DataError, match="only 'yes'"):
        told(["yes"], ["yes"]).task(None)


def test_a_word_among_numbers_is_named() -> None:
    with pytest.raises(DataError, match="Received: 'soon'"):
        told([str(n) for n in range(5000)], ["soon"]).task("regression")


def test_a_number_beyond_32_bits_is_refused() -> None:
    with pytest.raises(DataError, match="finite 32-bit numbers"):
        told([f"{n}.5" for n in range(5000)], ["1e300"]).task(None)
