import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.runtime.engine import Engine
from tests.training.pretrained.small_folder import answer, random_weights, write_folder, write_safetensors
from training.errors import DataError
from training.nodes import Nodes
from training.pretrained import graph
from training.pretrained.folder import Folder, open_folder
from training.pretrained.graph import FEW_BITS, narrowed
from training.pretrained.weight_names import NamedWeights

FAMILIES = ("bert", "distilbert", "roberta")
TEXTS = ([2, 4, 6, 3], [2, 5, 3], [2, 8, 7, 5, 9, 12, 3])
WITHIN = 2e-5


def padded(texts: tuple[list[int], ...] = TEXTS, longest: int = 0) -> NDArray[np.int32]:
    longest = max(longest, *map(len, texts))
    return np.array([[*ids, *[0] * (longest - len(ids))] for ids in texts], np.int32)


def read(folder: Folder, ids: NDArray[np.int32]) -> NDArray[np.float32]:
    [found] = folder.reader.run({"ids": ids})
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_graph_answers_what_the_formulas_say_for_each_family(tmp_path: Path, family: str) -> None:
    weights = write_folder(tmp_path, family)
    found = read(open_folder(tmp_path), padded())
    expected = np.stack([answer(weights, family, ids) for ids in TEXTS])
    np.testing.assert_allclose(found, expected, atol=WITHIN)


def test_padding_is_seen_by_no_token(tmp_path: Path) -> None:
    write_folder(tmp_path)
    folder = open_folder(tmp_path)
    np.testing.assert_allclose(read(folder, padded(longest=20)), read(folder, padded()), atol=WITHIN)


def test_a_text_without_tokens_is_nothing(tmp_path: Path) -> None:
    write_folder(tmp_path)
    np.testing.assert_array_equal(read(open_folder(tmp_path), np.zeros((1, 3), np.int32)), 0)


@pytest.mark.parametrize("start", ["bert.", "model.encoder."])
def test_weights_are_found_whatever_head_a_file_was_saved_with(tmp_path: Path, start: str) -> None:
    weights = write_folder(tmp_path, start=start)
    found = read(open_folder(tmp_path), padded())
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
    found = read(open_folder(tmp_path), padded())
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
        _ = open_folder(tmp_path).reader


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_of_8_bits_say_nearly_the_same_in_any_company(tmp_path: Path, family: str) -> None:
    write_folder(tmp_path, family)
    folder = open_folder(tmp_path)
    nodes = Nodes("encoder/")
    folder.add(nodes, "ids", FEW_BITS)
    nodes.name_last("vectors")
    whole = graph.model(folder.architecture, NamedWeights(random_weights(family), family))
    del whole.graph.node[:], whole.graph.initializer[:]
    whole.graph.node.extend(nodes.nodes)
    whole.graph.initializer.extend(nodes.constants)
    (tmp_path / "narrow.onnx").write_bytes(whole.SerializeToString())
    narrow = Engine(tmp_path / "narrow.onnx", 1)
    random = np.random.default_rng(0)
    ids = random.integers(1, 14, (50, 20)).astype(np.int32)
    [found] = narrow.run({"ids": ids})
    expected = read(folder, ids)
    assert 0 < np.abs(found - expected).max() < 0.05 * np.abs(expected).max()
    alone = np.concatenate([narrow.run({"ids": row[None]})[0] for row in ids])
    np.testing.assert_allclose(alone, found, atol=WITHIN)


def test_weights_of_8_bits_are_the_nearest_of_255(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)  # no multiple of a block
    blocks, scales = narrowed(kernel)
    assert blocks.shape == (3, 2, 32)
    back = ((blocks.astype(np.float32) - 128) * scales[:, :, None]).reshape(3, -1)
    np.testing.assert_array_equal(back[:, 40:], 0)
    assert np.abs(back[:, :40].T - kernel).max() <= scales.max() / 2 * 1.001


@pytest.mark.parametrize(("way", "expected"), [("cls_token", True), ("mean_tokens", False)])
def test_a_text_is_what_the_folder_says_that_it_is(tmp_path: Path, way: str, expected: bool) -> None:
    write_folder(tmp_path)
    mean = read(open_folder(tmp_path), padded())
    pooling(tmp_path, **{way: True, "max_tokens": False})
    found = open_folder(tmp_path)
    assert found.architecture.pools_first is expected
    assert np.allclose(read(found, padded()), mean) is not expected
    np.testing.assert_allclose(read(found, padded(longest=20)), read(found, padded()), atol=WITHIN)


def test_another_way_from_tokens_to_a_text_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path)
    pooling(tmp_path, max_tokens=True, mean_tokens=True)
    with pytest.raises(
        DataError, match=r"1_Pooling/config\.json: expected .* Received: \['max_tokens', 'mean_tokens'\]"
    ):
        open_folder(tmp_path)


def pooling(path: Path, **ways: bool) -> None:
    (path / "1_Pooling").mkdir()
    (path / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{way}": on for way, on in ways.items()}))


def test_the_token_that_is_padding_and_0_change_places(tmp_path: Path) -> None:
    weights = write_folder(tmp_path, "bert", pad_token_id=5)
    folder = open_folder(tmp_path)
    [ids] = folder.ids([[2, 5, 0, 4]])
    assert ids.tolist() == [2, 0, 5, 4]
    found = read(folder, np.array([[2, 5, 4]], np.int32))  # 5 is what the tokenizer calls 0
    np.testing.assert_allclose(found[0], answer(weights, "bert", [2, 0, 4]), atol=WITHIN)
