from pathlib import Path

import numpy as np
import pytest

from app.tokens import ragged
from tests.training.pretrained.small_folder import answer, write_folder, write_safetensors
from training.errors import DataError
from training.pretrained import read as module
from training.pretrained.folder import open_folder
from training.pretrained.read import vectors_of_ids, word_vectors
from training.pretrained.weight_names import KINDS

WORDS = ["tea", "goodly", "bad", "teas", "good"]  # of one token and of two
IDS = ([2, 6, 3], [2, 4, 10, 3], [2, 5, 3], [2, 6, 11, 3], [2, 4, 3])


def test_each_word_is_read_alone_whatever_its_length(tmp_path: Path) -> None:
    weights = write_folder(tmp_path)
    found = word_vectors(open_folder(tmp_path), WORDS)
    np.testing.assert_allclose(found, [answer(weights, "bert", each) for each in IDS], atol=2e-5)


def test_texts_are_read_alike_whatever_their_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ragged, "GROUP_NUMBERS", 7)
    weights = write_folder(tmp_path)
    folder = open_folder(tmp_path)
    found = vectors_of_ids(folder, folder.ids([*IDS, *IDS[:2]]))
    np.testing.assert_allclose(found, [answer(weights, "bert", each) for each in (*IDS, *IDS[:2])], atol=2e-5)
    assert vectors_of_ids(folder, folder.ids([])).shape == (0, 16)


def test_what_was_read_is_read_once_as_far_as_it_may_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path)
    folder = open_folder(tmp_path)
    first = vectors_of_ids(folder, folder.ids(IDS[:2]))
    assert len(folder.read) == 2
    monkeypatch.setattr(module, "KEPT_BYTES", 3 * 16 * 4)
    every = vectors_of_ids(folder, folder.ids(IDS))
    assert len(folder.read) == 2
    monkeypatch.setattr(folder.reader, "run", None)
    np.testing.assert_array_equal(vectors_of_ids(folder, folder.ids(IDS[:2])), first)
    np.testing.assert_array_equal(every[:2], first)


def test_a_token_that_the_encoder_has_not_is_the_tokenizers_fault(tmp_path: Path) -> None:
    write_folder(tmp_path)
    folder = open_folder(tmp_path)
    with pytest.raises(DataError, match=r"expected tokens below 14, .* Received: 14"):
        vectors_of_ids(folder, folder.ids([[2, 14, 3]]))


def test_vectors_that_are_not_finite_are_the_weights_fault(tmp_path: Path) -> None:
    weights = write_folder(tmp_path)
    huge = {"encoder.layer.0.output.dense.weight": np.full((16, 32), 3e38, np.float32)}
    write_safetensors(tmp_path / "model.safetensors", weights | huge)
    folder = open_folder(tmp_path)
    with pytest.raises(DataError, match="expected vectors of finite numbers"):
        vectors_of_ids(folder, folder.ids(IDS))


@pytest.mark.parametrize("shape", [(2, 7), (0, 16), (16,)])
def test_kinds_of_another_shape_are_said(tmp_path: Path, shape: tuple[int, ...]) -> None:
    weights = write_folder(tmp_path)
    other = {KINDS: np.zeros(shape, np.float32)}
    write_safetensors(tmp_path / "model.safetensors", weights | other)
    folder = open_folder(tmp_path)
    with pytest.raises(DataError, match=rf"expected `{KINDS}` of .*16.* Received: \({shape[0]},"):
        vectors_of_ids(folder, folder.ids(IDS))
