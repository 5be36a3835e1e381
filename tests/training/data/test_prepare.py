"""A file to the parts of a table: what is learned from, and the account of the rest."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.bundle import limits
from tests.training.conftest import options_for
from training.data import prepare as preparing
from training.data.accounts import MIN_ROWS
from training.data.prepare import Data, prepare, redescribed, streamed_note, streams
from training.data.survey import survey
from training.data.ways import by_chance
from training.errors import DataError
from training.features.number import NumberColumn
from training.network.reparameterize import fitted
from training.options import Options
from training.trainer.shards import Shards
from training.trainer.training_rows import training_rows


def silent(_share: float) -> None:
    """Show nothing."""


def prepared(frame: pd.DataFrame, folder: Path, target: str | None = "sold", **chosen: object) -> Data:
    path = folder / "rows.csv"
    frame.to_csv(path, index=False)
    return prepare(Options.of(data=path, target=target, **chosen))


# ── columns and rows ──


def test_identifiers_and_constants_are_left_out_and_said(frame: pd.DataFrame, tmp_path: Path) -> None:
    table = prepared(frame, tmp_path, drop=("price", "kind")).table
    fates = {column.name: column.fate for column in table.columns}
    assert fates["planet"] == "dropped: the same value in every row"
    assert fates["id"] == "dropped: it numbers the rows"  # though repeated rows repeat it
    assert fates["price"] == "dropped: as asked"
    assert fates["sold"] == "target"
    assert list(table.features) == ["size", "weight", "color", "city", "old"]
    assert table.rows_read == len(frame)


def test_a_column_without_any_value_is_dropped_and_said(frame: pd.DataFrame, tmp_path: Path) -> None:
    table = prepared(frame.assign(note=np.nan, remark=None), tmp_path).table
    fates = {column.name: column.fate for column in table.columns}
    assert fates["note"] == fates["remark"] == "dropped: every cell is missing"


def test_equal_rows_are_kept_and_counted(frame: pd.DataFrame, tmp_path: Path) -> None:
    """Also those that differ in their number alone."""
    table = prepared(frame.assign(id=range(len(frame))), tmp_path, drop=("price", "kind")).table
    assert "id" not in table.features
    assert (table.rows_repeated, table.rows_removed, len(table.features)) == (5, 0, len(frame))


@pytest.mark.parametrize("stream", [False, True])
def test_equal_rows_are_left_out_when_asked(frame: pd.DataFrame, tmp_path: Path, stream: bool) -> None:
    data = prepared(frame, tmp_path, drop=("price", "kind"), drop_duplicates=True, stream=stream)
    rows = data.table.features.assign(target=data.table.target)
    assert (data.table.rows_repeated, data.table.rows_removed, len(rows)) == (5, 5, len(frame) - 5)
    assert not rows.duplicated().any()


def test_rows_without_a_target_are_counted(frame: pd.DataFrame, tmp_path: Path) -> None:
    table = prepared(frame.assign(sold=frame["sold"].where(frame.index >= 10)), tmp_path).table
    assert table.rows_without_target == 10
    assert (table.target != "").all()


def test_features_are_numbers_with_nan_and_text_with_blanks(frame: pd.DataFrame, tmp_path: Path) -> None:
    features = prepared(frame, tmp_path).table.features
    assert features["size"].isna().any()
    assert set(features["old"].unique()) == {0.0, 1.0}
    assert (features["color"] == "").any()
    assert all(type(value) is str for value in features["color"])


@pytest.mark.parametrize("target", [None, "nothing"])
def test_an_unknown_target_is_answered_with_the_columns(
    frame: pd.DataFrame, tmp_path: Path, target: str | None
) -> None:
    with pytest.raises(DataError, match="id, size, weight, color"):
        prepared(frame, tmp_path, target)


@pytest.mark.parametrize(("value", "message"), [("yes", "two different values"), (None, "only missing cells")])
def test_a_target_without_two_values_is_refused(
    frame: pd.DataFrame, tmp_path: Path, value: str | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        prepared(frame.assign(sold=value), tmp_path)


def test_too_few_rows_are_refused_with_the_reason(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": np.arange(40) + 0.5, "y": np.arange(40) % 5 + 0.5})
    with pytest.raises(DataError, match=rf"at least {MIN_ROWS} rows with a target\. Received: 40"):
        prepared(rows, tmp_path, "y")


def test_a_file_without_a_useful_column_is_refused_with_the_account(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="planet: dropped: the same value"):
        prepared(pd.DataFrame({"planet": ["earth"] * 60, "y": [0, 1] * 30}), tmp_path, "y")


def test_more_features_than_a_bundle_may_have_are_refused_at_once(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FEATURES_MAX", 6)
    with pytest.raises(DataError, match=r"expected at most 6 features. Received: 7. Use --drop"):
        prepared(frame, tmp_path)
    assert len(list(prepared(frame, tmp_path, drop=("price",)).table.features)) == 6


def test_the_target_cannot_be_dropped(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="which is the target"):
        prepared(frame, tmp_path, drop=("sold",))


# ── the split ──


def test_copies_of_few_combinations_are_counts(tmp_path: Path) -> None:
    """Nine in ten are `yes` in every cell: no row is lost, and the parts say the same."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"dose": random.integers(1, 21, 4000), "arm": random.choice(["A", "B"], 4000)})
    rows["recovered"] = np.where(random.random(4000) < 0.9, "yes", "no")
    data = prepared(rows, tmp_path, "recovered")
    assert len(data.table.features) == 4000
    assert any("only 40 combinations of features" in warning for warning in data.warnings)
    for part in (data.train, data.validation, data.test):
        assert np.mean(part.y) == pytest.approx(0.1, abs=0.02)  # of `no`, the rarer label


def test_equal_features_stand_in_one_part_whatever_the_target_says(frame: pd.DataFrame, tmp_path: Path) -> None:
    twice = pd.concat([frame, frame.assign(sold=frame["sold"].sample(frac=1, random_state=0).to_numpy())])
    data = prepared(twice, tmp_path, drop=("price", "kind", "id"))
    rows = data.table.features.fillna(-1)
    sides = [set(map(tuple, rows.iloc[part].to_numpy(object))) for part in vars(data.parts).values()]
    assert all(sides)
    assert not sides[0] & sides[1] | sides[1] & sides[2] | sides[0] & sides[2]


# ── in a file instead of memory ──


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
def test_where_a_table_stands_changes_nothing_else(many: Path, target: str) -> None:
    whole, streamed = (prepare(options_for(many, target, bins=16, stream=stream)) for stream in (False, True))
    assert streamed.task == whole.task
    assert streamed.table.columns == whole.table.columns
    assert streamed.warnings == whole.warnings
    assert streamed.features == whole.features
    assert streamed.rows == whole.rows
    assert streamed.optional == whole.optional
    for part in ("train", "validation", "test"):
        ours, theirs = getattr(streamed, part), getattr(whole, part)
        np.testing.assert_array_equal(ours.y, theirs.y)
        for name, array in theirs.arrays.items():
            np.testing.assert_array_equal(ours.arrays[name], array)


def test_statistics_of_a_sample_are_those_of_all_training_rows(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though only a tenth of the rows is kept in memory; where all are, the same rows say the quantiles."""
    monkeypatch.setattr(preparing, "SAMPLE_ROWS", 400)
    whole, streamed = (prepare(options_for(many, "price", stream=stream)) for stream in (False, True))
    assert (len(streamed.train), len(whole.train)) == (400, streamed.rows.train)
    assert streamed.features == whole.features
    size = streamed.features.columns["size"]
    assert isinstance(size, NumberColumn)
    values = whole.table.features["size"].to_numpy(np.float32).astype(np.float64)[whole.parts.train]
    assert (size.floats.minimum, size.floats.maximum) == (np.nanmin(values), np.nanmax(values))
    assert size.floats.mean == pytest.approx(np.nanmean(values))
    assert size.floats.deviation == pytest.approx(np.nanstd(values))
    assert size.missing_share == pytest.approx(np.isnan(values).mean())


def test_another_seed_divides_otherwise(many: Path) -> None:
    def train(seed: int) -> list[float]:
        found: list[float] = prepare(options_for(many, "price", stream=True, seed=seed)).train.y.tolist()
        return found

    assert train(1) == train(1)
    assert train(1) != train(2)


def test_too_many_rows_to_deal_out_are_drawn_by_their_keys(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_chance, "EXACT_ROWS", 1000)
    whole, streamed = (prepare(options_for(many, "price", stream=stream)) for stream in (False, True))
    assert streamed.rows == whole.rows
    assert streamed.rows.train / 6000 == pytest.approx(0.65, abs=0.03)
    assert streamed.rows.test / 6000 == pytest.approx(0.2, abs=0.03)
    np.testing.assert_array_equal(streamed.test.y, whole.test.y)


def test_a_column_that_goes_on_as_text_is_text_from_its_beginning(many: Path, tmp_path: Path) -> None:
    rows = pd.read_csv(many)
    rows["grade"] = np.where(np.arange(len(rows)) < 5000, "7", "seven")
    assert prepared(rows, tmp_path, "price", stream=True).table.types["grade"] == "category"


def test_all_training_rows_are_encoded_and_no_other(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "SAMPLE_ROWS", 400)
    options = options_for(many, "price", stream=True)
    data = prepare(options)
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
    options = options_for(many, "price", stream=True)
    assert "sample" not in streamed_note(prepare(options))
    monkeypatch.setattr(preparing, "SAMPLE_ROWS", 400)
    data = prepare(options)
    assert f"400 of {data.rows.train:,} training rows" in streamed_note(data)


def test_a_class_of_one_row_is_named(many: Path, tmp_path: Path) -> None:
    rows = pd.read_csv(many)
    rows.loc[0, "sold"] = "perhaps"
    with pytest.raises(DataError, match=r"'perhaps' \(1\)"):
        prepared(rows, tmp_path, stream=True)


def test_a_large_table_is_kept_in_a_file_unless_asked_not_to(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def streamed(**chosen: object) -> bool:
        options = options_for(many, "price", **chosen)
        return streams(survey(options.data, silent), options)

    assert not streamed()
    assert streamed(stream=True)
    monkeypatch.setattr(preparing, "LARGE_BYTES", many.stat().st_size - 1)
    assert streamed()
    assert not streamed(stream=False)


@pytest.mark.parametrize("stream", [False, True])
def test_another_cut_keeps_the_exact_statistics(many: Path, stream: bool) -> None:
    before = prepare(options_for(many, "price", bins=4, stream=stream))
    after = redescribed(before, options_for(many, "price", bins=24, stream=stream))
    for name in ("size", "weight"):
        one, other = before.features.columns[name], after.features.columns[name]
        assert isinstance(one, NumberColumn)
        assert isinstance(other, NumberColumn)
        exact, cut = one.floats, other.floats
        assert len(cut.edges) > len(exact.edges)
        assert (cut.edges[0], cut.edges[-1], cut.mean) == (exact.minimum, exact.maximum, exact.mean)


def test_a_type_that_the_cells_are_not_is_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"`--type`: expected cells of 'color' .* number\. Received: \d+ of .*such as"):
        prepared(frame, tmp_path, type=("color=number",))
