"""What an encoder says beside n-grams, in NumPy and in ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from app.runtime.engine import Engine
from tests.training.features.text.front.test_front import front
from tests.training.features.text.odd import odd_strings
from tests.training.pretrained.small_folder import write_folder
from training.features.text.front import NARROW_BITS, Beside
from training.features.text.options import TextOptions
from training.features.text.readings import Reading
from training.pretrained.graph import FEW_BITS

TEXTS = [*odd_strings(300), "", "good tea", "the bad teas very goodly !"]
FRONTS = {columns: front(columns, width=3, texts=TEXTS) for columns in (1, 2)}


@pytest.fixture(scope="module", params=["bert", "roberta"])
def reading(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reading:
    path = tmp_path_factory.mktemp("encoder")
    write_folder(path, request.param, pad_token_id=0 if request.param == "bert" else 1)
    return Reading.of(TEXTS, TextOptions(encoder=Path(path)))


def beside(reading: Reading, columns: int) -> Beside:
    random = np.random.default_rng(columns)
    kernel = random.normal(size=(columns * len(reading.mean), 3)).astype(np.float32)
    return Beside([reading] * columns, kernel, random.normal(size=3).astype(np.float32))


def rows(reading: Reading, columns: int) -> dict[str, Any]:
    texts = np.array([TEXTS[place:] + TEXTS[:place] for place in range(columns)], object).T
    tokens = np.empty(texts.shape, object)
    for place in range(columns):
        tokens[:, place] = reading.tokens(texts[:, place].tolist())
    return {"texts": texts, "text_tokens": tokens}


def engine(folder: Path, graph: onnx.ModelProto) -> Engine:
    onnx.checker.check_model(graph)
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    return Engine(folder / "model.onnx", 1)


@pytest.mark.parametrize("columns", [1, 2])
def test_the_graph_says_what_numpy_says(reading: Reading, columns: int, tmp_path: Path) -> None:
    of, arrays = beside(reading, columns), rows(reading, columns)
    [found] = engine(tmp_path, of.added(FRONTS[columns].onnx())).run(arrays)
    of_grams = FRONTS[columns].answer(arrays["texts"])
    np.testing.assert_allclose(found, of_grams + of.answer(arrays["text_tokens"]), atol=1e-4)
    assert np.abs(found - of_grams).max() > 0.1


@pytest.mark.parametrize("columns", [1, 2])
def test_in_8_bits_it_says_nearly_the_same_in_any_company(reading: Reading, columns: int, tmp_path: Path) -> None:
    of, arrays = beside(reading, columns), rows(reading, columns)
    narrow, wide = of.added(FRONTS[columns].onnx(NARROW_BITS), FEW_BITS), of.added(FRONTS[columns].onnx())
    assert len(narrow.SerializeToString()) < len(wide.SerializeToString())
    [near], [exact] = (engine(tmp_path, each).run(arrays) for each in (narrow, wide))
    assert 0 < np.abs(near - exact).max() < 0.1 * np.abs(exact).max()
    session = engine(tmp_path, narrow)
    alone = [session.run({name: array[row : row + 1] for name, array in arrays.items()})[0][0] for row in range(300)]
    np.testing.assert_allclose(alone, near[:300], atol=1e-4)
