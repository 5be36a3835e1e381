from pathlib import Path

import numpy as np
import pytest

from tests.training.pretrained.small_folder import answer, write_folder
from training.pretrained import word_vectors as module
from training.pretrained.folder import open_folder
from training.pretrained.word_vectors import alike, word_vectors


def test_each_word_is_read_alone_whatever_its_length(tmp_path: Path) -> None:
    weights = write_folder(tmp_path)
    words = ["tea", "goodly", "bad", "teas", "good"]  # of one token and of two
    found = word_vectors(open_folder(tmp_path), words)
    ids = ([2, 6, 3], [2, 4, 10, 3], [2, 5, 3], [2, 6, 11, 3], [2, 4, 3])
    np.testing.assert_allclose(found, [answer(weights, "bert", each) for each in ids], atol=2e-5)


def test_batches_hold_places_of_equal_length_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_TOKENS", 4)
    ids = [[1], [1, 2], [3], [3, 4], [5, 6], [], [7] * 9]
    assert [places.tolist() for places in alike(ids)] == [[0, 2], [1, 3], [4], [6]]
