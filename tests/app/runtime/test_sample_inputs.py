"""TrainedModel-up inputs: of the right type and shape, agreeing on symbols, and never larger than memory bears."""

import itertools

import numpy as np
import pytest

from app.runtime.sample_inputs import MAX_BYTES, SIZES, samples
from app.tensors import DATATYPES, OBJECT, TensorSpec


def spec(shape: tuple[int | None, ...], *symbols: str, name: str = "x", datatype: str = "FP32") -> TensorSpec:
    return TensorSpec(name, DATATYPES[datatype], shape, symbols)


def shapes(*specs: TensorSpec, rows: int = 3) -> list[dict[str, tuple[int, ...]]]:
    return [{name: array.shape for name, array in sample.items()} for sample in samples(specs, rows)]


@pytest.mark.parametrize("datatype", DATATYPES)
@pytest.mark.parametrize("shape", [(), (None,), (None, 2), (4, None)])
def test_every_datatype_and_rank(datatype: str, shape: tuple[int | None, ...]) -> None:
    for sample in samples((spec(shape, datatype=datatype),), 3):
        assert sample["x"].dtype == DATATYPES[datatype].dtype
        assert sample["x"].ndim == len(shape)
        assert sample["x"].dtype != OBJECT or all(type(text) is str for text in sample["x"].flat)


def test_leading_dimensions_count_rows_and_others_are_sought() -> None:
    found = shapes(spec((None, None, 3)))
    assert {shape["x"][0] for shape in found} == {3}
    assert {shape["x"][1] for shape in found} == set(SIZES)


def test_a_symbol_has_one_size_wherever_it_stands() -> None:
    one, other = spec((None, None), "batch", "n"), spec((2, None, None), "", "batch", "n", name="y")
    assert all(s["y"] == (2, *s["x"]) for s in shapes(one, other))


def test_dimensions_without_a_name_differ_in_the_end() -> None:
    """A state beside a window of sound: one is long, the other is not."""
    found = shapes(spec((None, None)), spec((2, None, 128), name="state"), rows=1)
    assert {"x": (1, 512), "state": (2, 1, 128)} in found
    assert {"x": (1, 8), "state": (2, 8, 128)} in found


def test_no_sample_is_large() -> None:
    """Four dimensions of 512 would be a quarter of a terabyte."""
    found = list(itertools.islice(samples((spec((None,) * 5),), 1), 100))
    assert found
    assert all(sample["x"].nbytes <= MAX_BYTES for sample in found)
    assert list(samples((spec((2**40,)),), 1)) == []


def test_the_same_every_time() -> None:
    """What is decided at load must not change with the next start."""
    once, again = (next(samples((spec((None, 4)),), 3)) for _ in range(2))
    np.testing.assert_array_equal(once["x"], again["x"])


def test_a_graph_without_inputs_has_one_way_to_be_run() -> None:
    assert list(samples((), 1))[:1] == [{}]
