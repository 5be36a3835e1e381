import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from app.bundle import reader as contract
from tests.training.conftest import options_for
from training.data.prepare import Data, divided, prepare
from training.errors import DataError
from training.evaluation.cross_validation import check, crossvalidate, splits
from training.features.number import NumberColumn
from training.pipeline import train


def test_each_row_is_judged_once_and_the_test_rows_never(data: Data, data_file: Path) -> None:
    options = options_for(data_file, "sold").changed(folds=4)
    rows = np.sort(np.concatenate([data.parts.train, data.parts.validation]))
    found = splits(data, options)
    np.testing.assert_array_equal(np.sort(np.concatenate([parts.test for parts in found])), rows)
    for parts in found:
        both = np.sort(np.concatenate([parts.train, parts.validation, parts.test]))
        np.testing.assert_array_equal(both, rows)
        assert len(parts.validation) / len(rows) == pytest.approx(0.75 * 0.15 / 0.8, abs=0.03)


def test_classes_keep_their_shares(binary: Data, data_file: Path) -> None:
    y = binary.task.encode(binary.table.target)
    for parts in splits(binary, options_for(data_file, "sold").changed(folds=5)):
        for rows in (parts.train, parts.validation, parts.test):
            assert y[rows].mean() == pytest.approx(y.mean(), abs=0.05)


def test_statistics_come_from_the_folds_own_training_rows(binary: Data, data_file: Path) -> None:
    options = options_for(data_file, "sold").changed(folds=3)
    y = binary.task.encode(binary.table.target)
    means = set()
    for parts in splits(binary, options):
        other = divided(binary.table, binary.task, y, parts, options)
        size = other.features.columns["size"]
        assert isinstance(size, NumberColumn)
        expected = binary.table.features["size"].iloc[parts.train].mean()
        assert size.floats.mean == pytest.approx(expected, rel=1e-5)
        means.add(size.floats.mean)
        assert other.task.shares[1] == pytest.approx(y[parts.train].mean())  # type: ignore[attr-defined]
    assert len(means) == 3


def test_every_fold_is_fitted_and_told_of(binary: Data, data_file: Path) -> None:
    told: list[tuple[int, int]] = []
    options = options_for(data_file, "sold").changed(folds=2, epochs=4, learning_rate=0.01)
    found = crossvalidate(binary, options, lambda folds, epoch: told.append((folds, epoch)))
    assert found is not None
    main = binary.task.main_metric
    first, second = found.values(main)
    assert first != second
    assert found.mean(main) == pytest.approx((first + second) / 2)
    assert found.spread(main) == pytest.approx(abs(first - second) / np.sqrt(2))
    assert told[-1] == (2, 0)
    assert [epoch for folds, epoch in told if folds == 1] == [0, 1, 2, 3, 4]


def test_what_cannot_be_folded_is_refused_before_anything_is_fitted(binary: Data, data_file: Path) -> None:
    check(binary, options_for(data_file, "sold"))
    with pytest.raises(DataError, match="`--folds`: expected 2 or more"):
        check(binary, options_for(data_file, "sold").changed(folds=1))
    with pytest.raises(DataError, match=r"expected at least 300 different rows of each class .* Received: \d+ of"):
        check(binary, options_for(data_file, "sold").changed(folds=300))


def test_folds_stand_beside_the_model_that_ships_and_do_not_change_it(
    bundle_folder: Path, data_file: Path, tmp_path: Path
) -> None:
    """The other bundle is that of the same options without folds."""
    said = io.StringIO()
    options = options_for(data_file, "sold", models=tmp_path, epochs=10)
    folder = train(options.changed(folds=2), Console(file=said, width=200))
    found, alone = (contract.read(each).manifest for each in (folder, bundle_folder))
    assert found.metrics["keras"] == alone.metrics["keras"]
    assert {len(values) for values in found.training["folds"].values()} == {2}
    assert "roc_auc over 2 folds of the training and validation rows" in said.getvalue()
    assert "## On other divisions of the rows" in (folder / contract.CARD).read_text()


def test_a_stream_is_not_folded(data_file: Path) -> None:
    """Its parts in memory are samples: folds of them would say something about another training."""
    options = options_for(data_file, "sold").changed(stream=True, folds=2)
    with pytest.raises(DataError, match=r"`--folds`: expected a file that is read whole"):
        check(prepare(options), options)
