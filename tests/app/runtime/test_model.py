"""A version, ready to answer: proved at load, timed, and the same alone as in company."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.runtime.answer import Answer, RunOutputs
from app.runtime.model import Model, load
from app.settings import Settings
from app.tensors import Tensors
from tests.support import tiny

TINY = tiny.Tiny()


@pytest.fixture(scope="module")
def loaded(models: Path) -> Model:
    return load(models / "tiny" / "1", Settings(models=models))


def test_what_a_loaded_model_knows(loaded: Model) -> None:
    """Name, version, an example that works, and how long the load took."""
    assert (loaded.name, loaded.version) == ("tiny", 1)
    assert loaded.example == {"instances": [tiny.instance(TINY, 0)]}
    assert loaded.facts.load_s > 0


def test_the_body_of_an_answer(loaded: Model) -> None:
    """Model, version and the rows' texts, as JSON."""
    assert json.loads(loaded.body(Answer(RunOutputs({}), 1, 3, [b'{"a":1}', b"2"]))) == {
        "model": "tiny",
        "version": 1,
        "predictions": [{"a": 1}, 2],
    }


def shares(answers: Sequence[bytes]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([list(json.loads(answer)["probabilities"].values()) for answer in answers])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 99))
def test_batched_equals_single(loaded: Model, sizes: list[int], seed: int) -> None:
    """Pieces run together get what each row gets alone, in order."""
    pieces = [
        loaded.row_reader.rows([tiny.instance(TINY, seed + n * 10 + row) for row in range(size)])
        for n, size in enumerate(sizes)
    ]
    together = loaded.run(list(pieces))
    assert [len(answers) for answers in together] == sizes
    for piece, answers in zip(pieces, together, strict=True):
        alone = [loaded.run([piece[row : row + 1]])[0].texts[0] for row in range(len(piece))]
        np.testing.assert_allclose(shares(answers.texts), shares(alone), atol=1e-6)


def test_rows_and_tensors_share_a_run(loaded: Model) -> None:
    """Whichever way they came; only who asks as JSON gets texts of its rows."""
    instances = [tiny.instance(TINY, row) for row in range(5)]
    rows, tensors = loaded.row_reader.rows(instances[:2]), Tensors(tiny.tensors(TINY, instances[2:]), 3)
    assert rows.key == tensors.key
    first, second = loaded.run([rows, tensors])
    assert loaded.bundle is not None
    expected = tiny.run(loaded.bundle.model_path, tiny.tensors(TINY, instances))
    np.testing.assert_allclose(shares(first.texts), expected[:2], atol=1e-6)
    np.testing.assert_allclose(second.outputs["probabilities"], expected[2:], atol=1e-6)


def test_pieces_of_an_answer_are_joined(loaded: Model) -> None:
    rows = loaded.row_reader.rows([tiny.instance(TINY, row) for row in range(5)])
    (whole,) = loaded.run([rows])
    joined = Answer.join([loaded.run([rows[:3]])[0], loaded.run([rows[3:]])[0]])
    assert (len(joined), joined.texts) == (5, whole.texts)
    np.testing.assert_allclose(joined.outputs["probabilities"], whole.outputs["probabilities"], atol=1e-6)


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 31, 32, 33, 255, 256, 257, 1000])
def test_sizes_around_every_limit(rows: int, loaded: Model) -> None:
    """As a plain session answers."""
    instances = [tiny.instance(TINY, row) for row in range(rows)]
    assert loaded.bundle is not None
    expected = tiny.run(loaded.bundle.model_path, tiny.tensors(TINY, instances))
    (answers,) = loaded.run([loaded.row_reader.rows(instances)])
    np.testing.assert_allclose(shares(answers.texts), expected, rtol=1e-6, atol=1e-6)


def test_an_output_that_is_not_finite_fails_the_run(tmp_path: Path) -> None:
    """It is an error, never a NaN on the wire."""
    named = tiny.Tiny(task="regression", numbers=("a",), booleans=(), strings=(), optional=(), scale=1e4)
    overflowing = load(tiny.write(tmp_path, named), Settings())
    with pytest.raises(FloatingPointError, match="expected finite numbers"):
        overflowing.run([overflowing.row_reader.rows([{"a": value}]) for value in (1.0, 3e38)])


def test_an_output_of_another_length_fails_the_run(loaded: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are never dealt out by guessing."""
    rows = loaded.row_reader.rows([tiny.instance(TINY)] * 2)
    monkeypatch.setattr(loaded.features, "arrays", lambda cells: tiny.tensors(TINY, [tiny.instance(TINY)] * 3))
    with pytest.raises(ValueError, match=r"expected 2 rows. Received: .*\(3, 2\)"):
        loaded.run([rows])
