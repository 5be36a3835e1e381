"""The bare models: each is what `models.py` says, by ONNX Runtime alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients import models, zoo

NUMPY = {"BOOL": bool, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BYTES": object}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    models.write_all(folder)
    return folder


def run(root: Path, name: str, arrays: dict[str, Any]) -> list[Any]:
    return list(zoo.session(root / name / "1" / "model.onnx").run(None, arrays))


def test_each_folder_holds_a_graph_and_nothing_else(root: Path) -> None:
    files = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    assert len(files) == len(models.TYPES) + 5
    assert all(name.endswith("/1/model.onnx") for name in files)
    assert sum(path.stat().st_size for path in root.rglob("*.onnx")) < 10_000


@pytest.mark.parametrize("datatype", models.TYPES)
def test_an_identity_gives_back_what_it_got(root: Path, datatype: str) -> None:
    x = np.array([[0, 1, 1], [1, 0, 1]]).astype(NUMPY.get(datatype, datatype.lower()))
    x = x.astype(str).astype(object) if datatype == "BYTES" else x
    (y,) = run(root, f"identity_{datatype}", {"x": x})
    assert y.dtype == x.dtype
    assert y.tolist() == x.tolist()


@pytest.mark.parametrize(("name", "type_"), [("add_sub", np.int32), ("add_sub_FP32", np.float32)])
def test_add_sub_gives_sum_and_difference(root: Path, name: str, type_: type) -> None:
    left: Any = np.arange(32, dtype=type_).reshape(2, 16)
    right: Any = np.full((2, 16), 3, type_)
    total, difference = run(root, name, {"INPUT0": left, "INPUT1": right})
    np.testing.assert_array_equal(total, left + right, strict=True)
    np.testing.assert_array_equal(difference, left - right, strict=True)


def test_a_scalar_multiplies_every_row(root: Path) -> None:
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    (y,) = run(root, "scalar", {"x": x, "factor": np.array(3)})
    np.testing.assert_array_equal(y, x * 3, strict=True)


def test_a_fixed_batch_is_two_rows_and_no_others(root: Path) -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    (y,) = run(root, "fixed", {"x": x})
    np.testing.assert_array_equal(y, x * 2, strict=True)
    with pytest.raises(Exception, match="Got: 1 Expected: 2"):
        run(root, "fixed", {"x": x[:1]})


def test_the_slow_model_gives_back_what_it_got(root: Path) -> None:
    """That it is slow, the checks of deadlines show."""
    x = np.arange(4, dtype=np.float32).reshape(1, 4)
    (y,) = run(root, "slow", {"x": x})
    np.testing.assert_array_equal(y, x, strict=True)
