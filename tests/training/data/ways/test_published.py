"""A published split is taken as it is; what it lacks is drawn or refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.data.ways.tables import ROWS, prepared, table
from training.errors import DataError

STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def published(*words: str) -> pd.DataFrame:
    """Every tenth row has the second word, every other tenth the third."""
    place = np.arange(ROWS) % 10
    return table().assign(part=np.select([place == 1, place == 2], [words[1], words[-1]], words[0]))


@STREAM
@pytest.mark.parametrize("word", ["validation", "dev", " Valid", "VAL "])
def test_each_row_is_in_its_part(tmp_path: Path, stream: bool, word: str) -> None:
    data = prepared(published("Train", word, "TEST"), tmp_path, split_column="part", stream=stream)
    assert vars(data.rows) == {"train": 240, "validation": 30, "test": 30}
    assert data.table.split == {"way": "column", "column": "part", "type": "category", "validation_drawn": False}
    assert "part" not in data.table.features
    if not stream:
        assert set(data.parts.test % 10) == {2}


@STREAM
def test_without_validation_some_training_rows_choose(tmp_path: Path, stream: bool) -> None:
    data = prepared(published("train", "train", "test"), tmp_path, "sold", split_column="part", stream=stream)
    assert data.rows.test == 30
    assert data.rows.validation == round(270 * 0.15 / 0.8)
    assert "no rows for validation: 51 were drawn from those for training" in data.table.said
    y = [part.y.mean() for part in (data.train, data.validation)]
    assert y[0] == pytest.approx(y[1], abs=0.02)


@pytest.mark.parametrize(("word", "received"), [("holdout", "'holdout'"), (None, "a missing cell")])
def test_another_word_is_refused_with_its_row(tmp_path: Path, word: str | None, received: str) -> None:
    """Counted over all rows of the file, also those without a target."""
    rows = published("train", "val", "test")
    rows.loc[[0, 1], "price"] = None
    rows.loc[7, "part"] = word
    with pytest.raises(DataError, match=rf"`--split-column`: expected one of train, .* {received} in row 8"):
        prepared(rows, tmp_path, split_column="part")


@pytest.mark.parametrize(("words", "lacking"), [(("train", "val", "val"), "test"), (("test", "val", "test"), "train")])
def test_a_part_that_lacks_is_refused(tmp_path: Path, words: tuple[str, ...], lacking: str) -> None:
    with pytest.raises(DataError, match=rf"expected rows with '{lacking}' in 'part'. Received: none"):
        prepared(published(*words), tmp_path, split_column="part")
