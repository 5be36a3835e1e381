"""NumPy and ONNX Runtime, held together to the bit."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from tests.training.features.text.odd import odd_strings
from training.features.text.characters import Characters
from training.features.text.front import NARROW_BITS, WIDE_BITS, Front, smaller
from training.features.text.hashing import hashes

BITS = (NARROW_BITS, WIDE_BITS)
THREADS = (1, 2, 4)
BATCHES = (1, 2, 7, 64)  # rows
ODD = odd_strings(10_000)


def front(columns: int = 1, width: int = 2, low_rank: int | None = None, texts: list[str] = ODD[:2000]) -> Front:
    """Return a front with random weights, and all n-grams that occur more than once in some of the odd strings."""
    random = np.random.default_rng(columns)
    characters = Characters.of(texts)
    every = np.concatenate([hashes(texts, characters, place)[0] for place in range(columns)])
    keys, counts = np.unique(every, return_counts=True)
    keys = keys[counts > 1]
    table = random.normal(size=(len(keys), low_rank or width)).astype(np.float32)
    kernel = random.normal(size=(low_rank, width)).astype(np.float32) if low_rank else None
    weights_sq = (1 + 80 * random.random(len(keys))).astype(np.float32)
    return Front(characters, keys, table, kernel, weights_sq, columns)


def session(of: Front, bits: int, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(of.onnx(bits).SerializeToString(), options)


def asked(session: onnxruntime.InferenceSession, texts: np.ndarray, batch: int) -> np.ndarray:
    parts = [session.run(None, {"texts": texts[first : first + batch]})[0] for first in range(0, len(texts), batch)]
    return np.concatenate(parts)


def rows(texts: list[str], columns: int = 1) -> np.ndarray:
    return np.array(texts[: len(texts) // columns * columns], object).reshape(-1, columns)


@pytest.fixture(scope="module")
def plain() -> Front:
    return front()


@pytest.mark.parametrize("bits", BITS)
def test_ten_thousand_odd_strings_have_the_same_bits(plain: Front, bits: int) -> None:
    texts = rows(ODD)
    expected = plain.answer(texts, bits)
    assert np.isfinite(expected).all()
    assert len(np.unique(expected)) > len(ODD)  # they say something
    assert np.array_equal(asked(session(plain, bits), texts, 64), expected)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(("columns", "width", "low_rank"), [(1, 1, None), (1, 40, 8), (3, 2, None)])
def test_a_row_has_the_same_bits_in_any_company_on_any_threads(
    columns: int, width: int, low_rank: int | None, bits: int, threads: int
) -> None:
    of = front(columns, width, low_rank, ODD[:300])
    texts = rows(ODD[:400], columns)
    texts = np.concatenate([texts, np.repeat(texts[:1], 200, axis=0)])  # equal rows want the same entries
    graph = session(of, bits, threads)
    expected = of.answer(texts, bits)
    for batch in (*BATCHES, 50):
        assert np.array_equal(asked(graph, texts, batch), expected)


@pytest.mark.parametrize("bits", BITS)
def test_batches_without_a_single_word_are_answered(plain: Front, bits: int) -> None:
    graph = session(plain, bits)
    for blank in ([""], ["", ""], [" "], ["", "   ", "\t"], ["\x02", "\x03\x02"]):
        answer = graph.run(None, {"texts": rows(blank)})[0]
        assert answer.tolist() == [[0.0, 0.0]] * len(blank)
        assert np.array_equal(answer, plain.answer(rows(blank), bits))


def test_a_megabyte_once(plain: Front) -> None:
    long = " ".join(ODD)
    texts = rows([(long * (1 + 1_000_000 // len(long)))[:1_000_000], ODD[4]])
    assert np.array_equal(session(plain, NARROW_BITS).run(None, {"texts": texts})[0], plain.answer(texts, NARROW_BITS))


def test_a_text_that_cannot_reach_the_graph_is_refused_there_and_answered_here(plain: Front) -> None:
    texts = rows(["a \ud800 lone surrogate"])
    with pytest.raises(UnicodeEncodeError):
        session(plain, WIDE_BITS).run(None, {"texts": texts})
    assert np.isfinite(plain.answer(texts)).all()


@pytest.mark.parametrize("bits", BITS)
def test_a_front_without_n_grams_answers(bits: int) -> None:
    nothing = Front(
        Characters.of([]), np.zeros(0, np.int64), np.zeros((0, 2), np.float32), None, np.zeros(0, np.float32), 1
    )
    assert nothing.answer(rows(ODD[:5]), bits).tolist() == [[0.0, 0.0]] * 5
    assert session(nothing, bits).run(None, {"texts": rows(ODD[:5])})[0].tolist() == [[0.0, 0.0]] * 5


def test_the_wide_form_is_what_floats_say(plain: Front) -> None:
    texts = ODD[:60]
    expected = np.array([_in_floats(plain, text) for text in texts])
    received = plain.answer(rows(texts))
    assert np.abs(received - expected).max() < 1e-5
    assert np.abs(plain.answer(rows(texts), NARROW_BITS) - expected).max() < 0.1


def _in_floats(of: Front, text: str) -> np.ndarray:
    values, _ = hashes([text], of.characters)
    rows = np.searchsorted(of.keys, values[np.isin(values, of.keys)])
    said: np.ndarray = of.table[rows].sum(axis=0) / max(np.sqrt(of.weights_sq[rows].sum()), 1)
    return said


def test_a_kernel_stands_behind_the_table() -> None:
    of = front(1, 40, 8, ODD[:300])
    expected = np.array([_in_floats(of, text) for text in ODD[:100]]) @ of.kernel
    assert np.abs(of.answer(rows(ODD[:100])) - expected).max() < 1e-3


def test_columns_are_added_each_by_its_own_norm() -> None:
    of = front(2, 2, None, ODD[:300])
    both = of.answer(rows(ODD[:2], 2))
    alone = of.answer(np.array([[ODD[0], ""], ["", ODD[1]]], object))
    assert np.array_equal(both[0], alone[0] + alone[1])


def test_the_graph_is_valid_and_says_its_names(plain: Front) -> None:
    model = plain.onnx(NARROW_BITS)
    onnx.checker.check_model(model)
    assert [one.name for one in (*model.graph.input, *model.graph.output)] == ["texts", "text_vector"]
    inner = {name for node in model.graph.node for name in (node.name, *node.output)} - {"text_vector"}
    assert all(name.startswith("text/") for name in inner | {one.name for one in model.graph.initializer})
    assert not model.graph.value_info
    assert {one.domain: one.version for one in model.opset_import} == {"": 18, "ai.onnx.ml": 2, "com.microsoft": 1}


@pytest.mark.parametrize("bits", BITS)
def test_two_columns_that_say_opposites_are_kept_as_one(plain: Front, bits: int) -> None:
    opposites = replace(plain, table=plain.table[:, :1] * np.array([[1, -1]], np.float32))
    assert opposites.integers(bits).table.shape[1] == 2  # one of them, and the squared norm
    answer = opposites.answer(rows(ODD[:300]), bits)
    assert np.array_equal(answer[:, 0], -answer[:, 1])
    assert np.array_equal(asked(session(opposites, bits), rows(ODD[:300]), 7), answer)
    alone = replace(plain, table=plain.table[:, :1])
    assert np.array_equal(alone.answer(rows(ODD[:300]), bits)[:, 0], answer[:, 0])


def test_fewer_n_grams_are_those_that_move_answers_most() -> None:
    table = np.array([[3, 0], [0.1, 0], [1, 1], [-2, 2]], np.float32)
    few = Front(Characters.of([]), np.arange(4), table, None, np.ones(4, np.float32), 1)
    assert few.narrowed(2, np.ones(4)).keys.tolist() == [0, 3]
    assert few.narrowed(2, np.array([1, 10_000, 1, 1])).keys.tolist() == [1, 3]  # rarer ones move fewer answers
    assert few.narrowed(3, np.array([1, 0, 1, 1])).keys.tolist() == [0, 2, 3]


def test_fewer_n_grams_keep_the_scale_of_answers(plain: Front) -> None:
    values, _ = hashes(ODD[:2000], plain.characters)
    often = np.bincount(np.searchsorted(plain.keys, values[np.isin(values, plain.keys)]), minlength=len(plain.keys))
    informative = replace(
        plain, table=plain.table * (np.arange(len(plain.keys)) % 4 == 0)[:, None]
    )  # a quarter of them
    some = informative.narrowed(len(plain.keys) // 4, often)
    texts = rows([text for text in ODD[:2000] if len(text) > 50])
    before, after = informative.answer(texts), some.answer(texts)
    assert 0.8 < np.abs(after).mean() / np.abs(before).mean() < 1.25
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.9


def test_smaller_fronts_are_smaller_and_say_what_they_are(plain: Front) -> None:
    found = {one.name: one for one in smaller(plain, np.ones(len(plain.keys)))}
    assert next(iter(found)) == "n-grams-int8"
    sizes = [len(one.graph.SerializeToString()) for one in found.values() if one.name.endswith("int8")]
    assert sizes == sorted(sizes, reverse=True)
    assert {one.precision for one in found.values() if one.name.endswith("int8")} == {"int8-static"}
    assert {one.precision for one in found.values() if not one.name.endswith("int8")} == {"fp32"}
