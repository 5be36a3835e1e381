import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.pretrained.small_folder import changed_header, write_safetensors
from training.errors import DataError
from training.pretrained.safetensors import HEADER_BYTES, Weights


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write_safetensors(path, {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2, np.float16)})
    return path


def test_arrays_come_back_as_float32_in_their_shape(path: Path) -> None:
    weights = Weights(path)
    assert set(weights) == {"a", "b"}
    np.testing.assert_array_equal(weights["a"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(weights["b"], [1, 1])
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}


def test_numbers_of_16_bits_with_the_exponent_of_32_are_read(path: Path) -> None:
    there = np.array([1.5, -2.0, 0.15625], np.float32)
    changed_header(path, lambda header: header["b"].update(dtype="BF16"))
    raw = path.read_bytes()
    halves = (there.view(np.uint32) >> 16).astype(np.uint16)[:2]
    path.write_bytes(raw[:-4] + halves.tobytes())
    np.testing.assert_array_equal(Weights(path)["b"], there[:2])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data_offsets": [0, 10**9]}, "expected 24 bytes inside the file"),
        ({"data_offsets": [8, 0]}, "expected 24 bytes"),
        ({"data_offsets": [-8, 16]}, "expected 24 bytes"),
        ({"shape": [2, 4]}, "expected 32 bytes"),
        ({"shape": [2, -3]}, "a shape of whole numbers"),
        ({"shape": [2.0, 3]}, "a shape of whole numbers"),
        ({"shape": [10**30, 10**30]}, "bytes inside the file"),
        ({"dtype": "I64"}, "a `dtype` of F64, F32, F16, BF16"),
        ({"dtype": None}, "a `dtype` of"),
        ({"data_offsets": "0"}, "`data_offsets`"),
    ],
)
def test_an_entry_that_does_not_fit_the_file_is_refused(path: Path, change: dict[str, Any], said: str) -> None:
    changed_header(path, lambda header: header["a"].update(change))
    with pytest.raises(DataError, match=said):
        Weights(path)["a"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:5],
        lambda raw: (10**15).to_bytes(8, "little") + raw[8:],
        lambda raw: (HEADER_BYTES + 1).to_bytes(8, "little") + b"x" * (HEADER_BYTES + 9),
        lambda raw: raw[:8] + b"\xff" + raw[9:],
        lambda raw: (2).to_bytes(8, "little") + b"[]" + raw[10:],
        lambda raw: (200_000).to_bytes(8, "little") + b"[" * 200_000,
    ],
)
def test_a_damaged_header_is_refused_with_its_file(path: Path, damage: Callable[[bytes], bytes]) -> None:
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"Invalid `header` in .*model\.safetensors"):
        Weights(path)


def test_weights_that_are_no_numbers_are_refused(path: Path) -> None:
    write_safetensors(path, {"a": np.array([1, np.nan], np.float32)})
    with pytest.raises(DataError, match="finite numbers"):
        Weights(path)["a"]


def test_bytes_of_a_pickle_are_never_run(path: Path) -> None:
    path.write_bytes(b"\x80\x04cos\nsystem\n(S'false'\ntR." + json.dumps({}).encode())
    with pytest.raises(DataError, match="header"):
        Weights(path)
