from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray

from tests.training.pretrained.small_folder import answer, random_weights, write_folder, write_safetensors
from training.errors import DataError
from training.pretrained.folder import Folder, open_folder

FAMILIES = ("bert", "distilbert", "roberta")
TEXTS = ([2, 4, 6, 3], [2, 5, 3], [2, 8, 7, 5, 9, 12, 3])
WITHIN = 2e-5


def padded(texts: tuple[list[int], ...] = TEXTS, longest: int = 0) -> NDArray[np.int32]:
    longest = max(longest, *map(len, texts))
    return np.array([[*ids, *[0] * (longest - len(ids))] for ids in texts], np.int32)


@pytest.mark.parametrize("family", FAMILIES)
def test_keras_answers_what_the_formulas_say_for_each_family(tmp_path: Path, family: str) -> None:
    weights = write_folder(tmp_path, family)
    found = open_folder(tmp_path).model.predict_on_batch(padded())
    expected = np.stack([answer(weights, family, ids) for ids in TEXTS])
    np.testing.assert_allclose(found, expected, atol=WITHIN)


def test_padding_is_seen_by_no_token(tmp_path: Path) -> None:
    write_folder(tmp_path)
    model = open_folder(tmp_path).model
    np.testing.assert_allclose(
        model.predict_on_batch(padded(longest=20)), model.predict_on_batch(padded()), atol=WITHIN
    )


def test_a_text_without_tokens_is_nothing(tmp_path: Path) -> None:
    write_folder(tmp_path)
    np.testing.assert_array_equal(open_folder(tmp_path).model.predict_on_batch(np.zeros((1, 3), np.int32)), 0)


@pytest.mark.parametrize("start", ["bert.", "model.encoder."])
def test_weights_are_found_whatever_head_a_file_was_saved_with(tmp_path: Path, start: str) -> None:
    weights = write_folder(tmp_path, start=start)
    found = open_folder(tmp_path).model.predict_on_batch(padded())
    np.testing.assert_allclose(found[1], answer(weights, "bert", TEXTS[1]), atol=WITHIN)


def test_names_of_the_first_files_are_read(tmp_path: Path) -> None:
    weights = write_folder(tmp_path)
    ends = {".weight": ".gamma", ".bias": ".beta"}
    old = {
        next((name.removesuffix(end) + was for end, was in ends.items() if f"LayerNorm{end}" in name), name): array
        for name, array in weights.items()
    }
    assert set(old) != set(weights)
    write_safetensors(tmp_path / "model.safetensors", old)
    found = open_folder(tmp_path).model.predict_on_batch(padded())
    np.testing.assert_allclose(found[0], answer(weights, "bert", TEXTS[0]), atol=WITHIN)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("encoder.layer.1.output.dense.bias", None),
        ("embeddings.word_embeddings.weight", np.zeros((3, 16), np.float32)),
        ("encoder.layer.0.attention.self.query.weight", np.zeros((16, 8), np.float32)),
    ],
)
def test_weights_that_do_not_fit_the_config_are_refused_by_name(
    tmp_path: Path, name: str, change: NDArray[np.float32] | None
) -> None:
    write_folder(tmp_path)
    weights = random_weights("bert")
    weights.pop(name) if change is None else weights.update({name: change})
    write_safetensors(tmp_path / "model.safetensors", weights)
    with pytest.raises(DataError, match=rf"model\.safetensors: Invalid weights: expected `{name}` of "):
        _ = open_folder(tmp_path).model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    path = tmp_path_factory.mktemp("encoder")
    write_folder(path)
    return open_folder(path)


def test_the_exported_graph_answers_the_same_at_every_size(folder: Folder) -> None:
    signature = [tf.TensorSpec((None, None), tf.int32, name="ids")]
    graph, _ = tf2onnx.convert.from_keras(folder.model, input_signature=signature, opset=18)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    for rows, longest in ((1, 1), (2, 7), (7, 24)):
        ids = np.random.default_rng(rows).integers(1, 14, (rows, longest)).astype(np.int32)
        (found,) = session.run(None, {"ids": ids})
        np.testing.assert_allclose(found, folder.model.predict_on_batch(ids), atol=WITHIN)
