from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.conftest import options_for
from training.data import chunked_reader as chunks
from training.data import stream
from training.data.prepare import Data, prepare, redescribed, streamed_note
from training.data.stream import TEST, TRAIN, VALIDATION, streams, survey
from training.errors import DataError
from training.features.category.category import CategoryColumn
from training.features.number import NumberColumn
from training.network.reparameterize import fitted
from training.options import Options
from training.trainer.shards import Shards
from training.trainer.training_rows import training_rows


def silent(_share: float) -> None:
    """Show nothing."""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 4096)


@pytest.fixture(scope="module")
def many(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows enough for shares and quantiles to be near those of the whole, sorted as files often are."""
    random = np.random.default_rng(0)
    rows = frame.sample(6000, replace=True, random_state=1).reset_index(drop=True)
    rows["size"] += random.normal(0, 0.1, len(rows))
    rows["id"] = np.arange(len(rows))
    path = tmp_path_factory.mktemp("many") / "goods.csv"
    rows.sort_values("price").to_csv(path, index=False)
    return path


@pytest.mark.parametrize("target", ["sold", "kind", "price"])
def test_a_stream_is_prepared_as_the_whole_is(many: Path, target: str) -> None:
    options = options_for(many, target, bins=16, keep_duplicates=True)
    whole, streamed = prepare(options), prepare(options_for(many, target, bins=16, stream=True))
    assert streamed.task.answer() == whole.task.answer()
    assert _account(streamed) == _account(whole)
    assert streamed.features.order == whole.features.order
    assert streamed.rows.train / 6000 == pytest.approx(0.65, abs=0.03)
    assert streamed.rows.test / 6000 == pytest.approx(0.2, abs=0.03)
    for one, other in zip(streamed.features.columns.values(), whole.features.columns.values(), strict=True):
        assert one.missing_share == pytest.approx(other.missing_share, abs=0.02)
        assert type(one) is type(other)
        if isinstance(one, NumberColumn) and isinstance(other, NumberColumn):
            assert one.floats.median == pytest.approx(other.floats.median, abs=0.1 * other.floats.deviation)
        if isinstance(one, CategoryColumn) and isinstance(other, CategoryColumn):
            assert set(one.vocabulary) == set(other.vocabulary)
    assert streamed.optional == whole.optional


def test_statistics_are_those_of_the_training_rows_exactly(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though only a tenth of the rows is kept in memory."""
    monkeypatch.setattr(stream, "SAMPLE_ROWS", 400)
    found = survey(options_for(many, "price", stream=True), silent)
    rows = pd.concat([divided.of(TRAIN)[0] for divided, _ in found.stream.divided(silent)])
    columns = found.features({"size": "number", "city": "category"}).columns
    number, city = columns["size"], columns["city"]
    assert isinstance(number, NumberColumn)
    assert isinstance(city, CategoryColumn)
    size = number.floats
    values = rows["size"].to_numpy(np.float32).astype(np.float64)
    assert (size.minimum, size.maximum) == (np.nanmin(values), np.nanmax(values)) == (size.edges[0], size.edges[-1])
    assert size.mean == pytest.approx(np.nanmean(values))
    assert size.deviation == pytest.approx(np.nanstd(values))
    assert size.missing_share == pytest.approx(np.isnan(values).mean())
    assert city.vocabulary[0] == rows["city"].value_counts().index[0]


def test_equal_rows_stand_in_one_part_whatever_their_number_says(many: Path, tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    rows = pd.read_csv(many)
    pd.concat([rows, rows]).assign(id=np.arange(2 * len(rows))).to_csv(path, index=False)
    found = survey(options_for(path, "price", stream=True), silent)
    parts = [
        {tuple(row) for divided, _ in found.stream.divided(silent) for row in _cells(divided.of(part)[0])}
        for part in (TRAIN, VALIDATION, TEST)
    ]
    assert all(parts)
    assert not parts[0] & parts[1] | parts[1] & parts[2] | parts[0] & parts[2]


def test_another_seed_divides_otherwise(many: Path) -> None:
    def train(seed: int) -> list[int]:
        found = survey(options_for(many, "price", stream=True, seed=seed), silent)
        return [number for divided, _ in found.stream.divided(silent) for number in divided.of(TRAIN)[0]["id"]]

    assert train(1) == train(1)
    assert train(1) != train(2)


def test_a_column_that_goes_on_as_text_is_text_from_its_beginning(many: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    rows = pd.read_csv(many)
    rows["grade"] = np.where(np.arange(len(rows)) < 5000, "7", "seven")
    rows.to_csv(path, index=False)
    data = prepare(options_for(path, "price", stream=True))
    assert data.table.types["grade"] == "category"
    assert any("'grade'" in warning for warning in data.warnings)
    grade = data.features.columns["grade"]
    assert isinstance(grade, CategoryColumn)
    assert set(grade.vocabulary) == {"7", "seven"}


def test_all_training_rows_are_encoded_and_no_other(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SAMPLE_ROWS", 400)
    options = options_for(many, "price", stream=True)
    data = prepare(options)
    assert len(data.train) == 400
    learner = fitted(data.features, data.task, options)
    with training_rows(data, learner, options, silent) as found:
        assert isinstance(found, Shards)
        assert len(found) == data.rows.train > 3000
        inputs, y = next(found.feed(1024, 0).batches().as_numpy_iterator())
    known = learner.encode(data.train.arrays)
    assert inputs["numeric"].shape == (1024, known["numeric"].shape[1])
    assert inputs["codes"].dtype == known["codes"].dtype
    assert abs(y.mean()) < 0.2


def test_a_sample_is_said(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SAMPLE_ROWS", 400)
    assert f"400 of {_data(many).rows.train:,} training rows" in streamed_note(_data(many))
    monkeypatch.setattr(stream, "SAMPLE_ROWS", 10_000)
    assert "sample" not in streamed_note(_data(many))


def test_a_class_that_a_part_lacks_is_named(many: Path, tmp_path: Path) -> None:
    path = tmp_path / "rare.csv"
    rows = pd.read_csv(many)
    rows.loc[0, "sold"] = "perhaps"
    rows.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"none of 'perhaps' among .* --no-stream"):
        prepare(options_for(path, "sold", stream=True))


def test_a_large_file_is_streamed_unless_asked_not_to(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not streams(Options.of(data=many))
    assert streams(Options.of(data=many, stream=True))
    monkeypatch.setattr(stream, "LARGE_BYTES", many.stat().st_size - 1)
    assert streams(Options.of(data=many))
    assert not streams(Options.of(data=many, stream=False))


def _account(data: Data) -> list[tuple[str, str, str]]:
    """What became of each column; the type of a target depends on how far it was looked at."""
    return [(column.name, "" if column.fate == "target" else column.type, column.fate) for column in data.table.columns]


def _data(path: Path) -> Data:
    return prepare(options_for(path, "price", stream=True))


def _cells(frame: pd.DataFrame) -> np.ndarray:
    return frame.drop(columns=["id", "kind", "sold"]).fillna(-1).to_numpy(object)


def test_another_cut_keeps_the_exact_statistics(many: Path) -> None:
    options = options_for(many, "price", bins=4, stream=True)
    before = prepare(options)
    after = redescribed(before, options_for(many, "price", bins=24, stream=True))
    for name in ("size", "weight"):
        one, other = before.features.columns[name], after.features.columns[name]
        assert isinstance(one, NumberColumn)
        assert isinstance(other, NumberColumn)
        exact, cut = one.floats, other.floats
        assert len(cut.edges) > len(exact.edges)
        assert (cut.edges[0], cut.edges[-1], cut.mean) == (exact.minimum, exact.maximum, exact.mean)
